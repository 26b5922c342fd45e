/**
 * Reads a stream of messages one by one.
 * @module
 */

/** Takes a message from grpc-js when it is asked for one, and lets it wait otherwise. */
export class MessageReader {
  #stream;
  #progress;
  #listening = false;

  /**
   * @param {import('node:stream').Readable} stream
   * @param {import('./progress.js').Progress} progress Wakes this reader as well.
   */
  constructor(stream, progress) {
    this.#stream = stream;
    this.#progress = progress;
  }

  /**
   * Waits for the next message; null at the end, or when `givenUp` says that nobody wants it.
   * @param {() => boolean} givenUp
   * @returns {Promise<object | null>}
   */
  async next(givenUp) {
    this.#listen();
    while (!givenUp()) {
      const message = this.#stream.read();
      if (message !== null) {
        return message;
      }
      if (this.#stream.readableEnded || this.#stream.destroyed) {
        return null;
      }
      await this.#progress.changed();
    }
    return null;
  }

  /** Not before the first read, as a stream begins to read ahead when somebody listens. */
  #listen() {
    if (this.#listening) {
      return;
    }
    this.#listening = true;
    for (const event of ['readable', 'end', 'close']) {
      this.#stream.on(event, () => this.#progress.wake());
    }
  }
}
