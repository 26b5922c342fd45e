/**
 * The latches that `Release` opens: named, kept by scope, and open for good.
 * @module
 */

/** All latches of a peer. */
export class Latches {
  /** @type {Map<string, Set<string>>} */
  #open = new Map();
  /** @type {Map<string, Map<string, (() => void)[]>>} */
  #waiting = new Map();

  /**
   * Opens a latch and tells whoever waits for it.
   * @param {string} scope
   * @param {string} name
   */
  release(scope, name) {
    entry(this.#open, scope, () => new Set()).add(name);
    const waiting = this.#waiting.get(scope);
    const callbacks = waiting?.get(name) ?? [];
    waiting?.delete(name);
    for (const callback of callbacks) {
      callback();
    }
  }

  /**
   * Calls back once, at once if the latch is open already.
   * @param {string} scope
   * @param {string} name
   * @param {() => void} callback
   */
  whenReleased(scope, name, callback) {
    if (this.#open.get(scope)?.has(name)) {
      callback();
      return;
    }
    const waiting = entry(this.#waiting, scope, () => new Map());
    entry(waiting, name, () => []).push(callback);
  }

  /**
   * Forgets the latches of a scope.
   * @param {string} scope
   */
  endScope(scope) {
    this.#open.delete(scope);
    this.#waiting.delete(scope);
  }
}

/**
 * @template V
 * @param {Map<string, V>} map
 * @param {string} key
 * @param {() => V} make
 * @returns {V}
 */
function entry(map, key, make) {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
