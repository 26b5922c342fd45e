/**
 * What has happened in one call, and a way to wait for it.
 * @module
 */

/** @typedef {import('./latches.js').Latches} Latches */

/** The event that the library has the call. */
export const BEGUN = 'begun';
/** The event that the leading metadata has come. */
export const HEADERS = 'headers';
/** The event that the response of a call with only one has come. */
export const RESPONSE = 'response';

/**
 * The event that the step of this name is done.
 * @param {string} name
 */
export function stepDone(name) {
  return `step ${name}`;
}

/** Events that happen once and stay; a wait ends with its event or with the call. */
export class Progress {
  /** @type {(() => void)[]} */
  #waiting = [];
  /** @type {Set<string>} */
  #happened = new Set();
  #over = false;

  /** Whether the call has ended. */
  get over() {
    return this.#over;
  }

  /**
   * Notes an event.
   * @param {string} event
   */
  happen(event) {
    this.#happened.add(event);
    this.wake();
  }

  /** The call has ended: nobody waits any longer. */
  end() {
    this.#over = true;
    this.wake();
  }

  /**
   * Waits for an event; false if the call ended without it.
   * @param {string} event
   */
  async wait(event) {
    while (!this.#over && !this.#happened.has(event)) {
      await this.changed();
    }
    return this.#happened.has(event);
  }

  /** Waits for the end of the call. */
  async ended() {
    while (!this.#over) {
      await this.changed();
    }
  }

  /**
   * Carries out a `wait` step.
   * @param {import('./contract.js').Fields} wait
   * @param {Latches} latches
   * @param {string} scope
   */
  async waitStep(wait, latches, scope) {
    if (wait.event === 'step') {
      return this.wait(stepDone(wait.step));
    }
    const event = `released ${wait.released}`;
    latches.whenReleased(scope, wait.released, () => this.happen(event));
    return this.wait(event);
  }

  /**
   * Waits until the library takes a message; false if it failed to or if the call ended before, as
   * grpc-js forgets the callbacks of a call that has ended.
   * @param {(callback: (error?: Error | null) => void) => void} write
   */
  async written(write) {
    /** @type {boolean | undefined} */
    let taken;
    write((error) => {
      taken = !error;
      this.wake();
    });
    while (!this.#over && taken === undefined) {
      await this.changed();
    }
    return taken === true;
  }

  /** Waits until anything happens. */
  changed() {
    return new Promise((/** @type {(_: void) => void} */ resolve) => this.#waiting.push(resolve));
  }

  /** Lets everybody look again at what they wait for. */
  wake() {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) {
      resume();
    }
  }
}
