/**
 * The peer's standard streams: frames on the real stdout, everything else on stderr.
 * @module
 */

import { Console } from 'node:console';
import { BrokenContract } from './errors.js';
import * as frames from './frames.js';

export const EXIT_BROKEN_CONTRACT = 70;
const CLOSE_LIMIT = 1_000; // Milliseconds for a frame that is being written.

/** Keeps the real stdout for frames and lets whatever prints write to the log instead. */
export function takeStdout() {
  const real = process.stdout;
  Object.defineProperty(process, 'stdout', { get: () => process.stderr });
  globalThis.console = new Console(process.stderr);
  return real;
}

/**
 * One line for the log.
 * @param {string} text
 */
export function log(text) {
  process.stderr.write(`${text}\n`);
}

/** What is wrong when a frame stays incomplete. */
export function halfReadTooLong() {
  const limit = frames.HALF_READ_LIMIT / 1000;
  return new BrokenContract(`a frame stayed half-read for more than ${limit} s`);
}

/**
 * Writes events.
 *
 * A stream of Node queues what the harness does not read yet, so whoever sends an event never waits
 * for it. The contract bounds what can queue up here: each event answers an order or belongs to a
 * call.
 */
export class EventWriter {
  #stdout;
  #muted = false;
  #corked = false;

  /** @param {import('node:stream').Writable} stdout */
  constructor(stdout) {
    this.#stdout = stdout;
    stdout.on('error', (error) => {
      // Nobody listens any more. Stdin ends as well then, and with it the peer.
      this.#muted = true;
      log(`stdout cannot be written: ${error.message}`);
    });
  }

  /**
   * Queues one event.
   * @param {import('./contract.js').Fields} event Named as in `FromPeer`.
   */
  send(event) {
    if (!this.#muted) {
      this.#cork();
      this.#stdout.write(frames.encode(event));
    }
  }

  /** Writes nothing more from here on, as `Stop` demands. */
  mute() {
    this.#muted = true;
  }

  /** Writes what is queued and ends, in at most a second. */
  async close() {
    this.#muted = true;
    const limit = new Promise((resolve) => setTimeout(resolve, CLOSE_LIMIT));
    await Promise.race([limit, new Promise((resolve) => this.#stdout.write('', resolve))]);
  }

  /** Lets the events of one turn of the loop go out in one write. */
  #cork() {
    if (this.#corked) {
      return;
    }
    this.#corked = true;
    this.#stdout.cork();
    setImmediate(() => {
      this.#corked = false;
      this.#stdout.uncork();
    });
  }
}

/**
 * Ends the process once the frame that is being written is out, whatever still runs.
 * @param {EventWriter} events
 * @param {number} status
 */
export async function leave(events, status) {
  await events.close();
  process.exit(status);
}
