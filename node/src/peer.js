/**
 * The peer `node-grpc-js`: reads orders in the event loop.
 * @module
 */

import { BrokenContract } from './errors.js';
import * as frames from './frames.js';
import { Panic } from './handler.js';
import { parseRole, Session } from './session.js';
import * as stdio from './stdio.js';

export const NAME = 'node-grpc-js';

/**
 * Carries out orders until stdin ends, then exits.
 * @param {string[]} args
 */
export async function main(args) {
  const name = parseRole(args);
  const events = new stdio.EventWriter(stdio.takeStdout());
  const role = await makeRole(name, events);
  const orders = new OrderReader(new Session(NAME, name, role, events));
  process.on('unhandledRejection', surviveOwnPanics);
  for (const signal of ['SIGTERM', 'SIGINT']) {
    process.on(signal, () => orders.end());
  }
  process.stdin.on('data', (data) => orders.dataReceived(data));
  process.stdin.on('end', () => orders.connectionLost());
  process.stdin.on('error', () => orders.connectionLost());
  const status = await orders.ended;
  events.mute();
  await role.stop();
  await stdio.leave(events, status);
}

/**
 * A peer has one role, and the harness waits for it to start.
 * @param {string} name
 * @param {stdio.EventWriter} events
 * @returns {Promise<import('./session.js').Role>}
 */
async function makeRole(name, events) {
  if (name === 'client') {
    const { Client } = await import('./client.js');
    return new Client(events);
  }
  const { Server } = await import('./server.js');
  return new Server(events);
}

/**
 * A handler that panics after it has waited rejects a promise at which nobody looks. That would end
 * the process, as anything does that goes wrong without a script that asked for it.
 * @param {unknown} error
 */
function surviveOwnPanics(error) {
  if (!(error instanceof Panic)) {
    throw error;
  }
  stdio.log(`a handler panicked when grpc-js no longer looked: ${error.message}`);
}

/** Feeds stdin to the session until it ends or breaks the contract. */
export class OrderReader {
  #session;
  #parser = new frames.FrameParser();
  /** @type {NodeJS.Timeout | undefined} Runs while a frame is incomplete. */
  #halfRead;
  /** @type {(status: number) => void} */
  #resolve = () => {};

  /** @param {Session} session */
  constructor(session) {
    this.#session = session;
    this.ended = new Promise((/** @type {(status: number) => void} */ resolve) => {
      this.#resolve = resolve;
    });
  }

  /**
   * Begins the orders that these bytes complete.
   * @param {Buffer} data
   */
  dataReceived(data) {
    try {
      const orders = this.#parser.feed(data);
      for (const order of orders) {
        this.#session.take(order);
      }
      this.#watch(orders.length > 0);
    } catch (error) {
      this.#break(error);
    }
  }

  /** Stdin has ended. */
  connectionLost() {
    if (this.#parser.halfRead) {
      this.#break(new BrokenContract('stdin ended inside a frame'));
    }
    this.end();
  }

  /**
   * Lets the peer end with this status.
   * @param {number} status
   */
  end(status = 0) {
    clearTimeout(this.#halfRead);
    this.#resolve(status);
  }

  /** @param {boolean} progressed */
  #watch(progressed) {
    if (progressed || !this.#parser.halfRead) {
      clearTimeout(this.#halfRead);
      this.#halfRead = undefined;
    }
    if (this.#halfRead === undefined && this.#parser.halfRead) {
      const broken = () => this.#break(stdio.halfReadTooLong());
      this.#halfRead = setTimeout(broken, frames.HALF_READ_LIMIT);
    }
  }

  /** @param {unknown} error */
  #break(error) {
    if (!(error instanceof BrokenContract)) {
      throw error;
    }
    stdio.log(`broken contract: ${error.message}`);
    this.end(stdio.EXIT_BROKEN_CONTRACT);
  }
}
