/**
 * What the harness says and is answered.
 * @module
 */

import { createRequire } from 'node:module';
import { BrokenContract, UnsupportedError, words } from './errors.js';
import { log } from './stdio.js';

/** @typedef {import('./contract.js').Fields} Fields */

export const CONTRACT_VERSION = 1;
const ROLES = { client: 'ROLE_CLIENT', server: 'ROLE_SERVER' };
const EXIT_USAGE = 2;
const MAX_WORDS = 1_000; // Characters of a reason.

// Order -> the role that carries it out; both roles know the others.
/** @type {Record<string, string>} */
const ROLE_OF = {
  listen: 'server',
  unlisten: 'server',
  shutdown: 'server',
  open: 'client',
  close: 'client',
  call: 'client',
};

/**
 * A client or a server: it has a method for each of its orders, and begins them at once.
 * @typedef {object} Role
 * @property {string[]} featureNames
 * @property {Record<string, number>} limits As in `Ready`.
 * @property {(order: Fields) => void} abort Cancels on the peer's own side.
 * @property {(order: Fields) => void} release Opens a latch.
 * @property {(order: Fields) => void} end_scope Forgets latches.
 * @property {() => Promise<void>} stop Ends everything by force.
 */

/**
 * The role on the command line.
 * @param {string[]} args
 * @returns {keyof typeof ROLES}
 */
export function parseRole(args) {
  if (args.length !== 1 || !Object.hasOwn(ROLES, args[0])) {
    process.stderr.write('usage: PEER client|server\n');
    process.exit(EXIT_USAGE);
  }
  // Sockets of this peer are for its own user only.
  process.umask(0o077);
  return /** @type {keyof typeof ROLES} */ (args[0]);
}

/** One conversation with the harness. */
export class Session {
  #peer;
  #name;
  #role;
  #events;
  #started = false;
  #deaf = false; // After `Stop`, or when the harness speaks another version.

  /**
   * @param {string} peer
   * @param {keyof typeof ROLES} name
   * @param {Role} role
   * @param {import('./stdio.js').EventWriter} events
   */
  constructor(peer, name, role, events) {
    this.#peer = peer;
    this.#name = name;
    this.#role = role;
    this.#events = events;
  }

  /**
   * Begins one order and answers it if it cannot be begun.
   * @param {Fields} envelope
   */
  take(envelope) {
    const name = envelope.order;
    if (name === undefined) {
      throw new BrokenContract('an envelope without an order that this version knows');
    }
    if ((name === 'start') === this.#started) {
      throw new BrokenContract(`${name} came ${this.#started ? 'twice' : 'before start'}`);
    }
    if (name === 'start') {
      this.#start(envelope.start);
    } else if (name === 'stop') {
      this.#deaf = true;
      this.#events.mute();
      this.#role.stop();
    } else if (!this.#deaf) {
      this.#begin(name, envelope[name]);
    }
  }

  /** @param {Fields} start */
  #start(start) {
    if (start.role !== ROLES[this.#name]) {
      throw new BrokenContract(`start asks for role ${start.role} of a ${this.#name}`);
    }
    this.#started = true;
    this.#deaf = start.contract_version !== CONTRACT_VERSION;
    this.#events.send({
      ready: {
        contract_version: CONTRACT_VERSION,
        peer: this.#peer,
        versions: versions(),
        features: this.#role.featureNames,
        ...this.#role.limits,
      },
    });
  }

  /**
   * @param {string} name
   * @param {Fields} order
   */
  #begin(name, order) {
    try {
      this.#demandRole(name);
      /** @type {any} */ (this.#role)[name](order);
    } catch (error) {
      // Whatever it is, the harness waits for an answer.
      this.#refuse(name, order, reason(error));
    }
  }

  /** @param {string} name */
  #demandRole(name) {
    const needed = ROLE_OF[name] ?? this.#name;
    if (needed !== this.#name) {
      throw new UnsupportedError(needed);
    }
  }

  /**
   * @param {string} name
   * @param {Fields} order
   * @param {Fields} why
   */
  #refuse(name, order, why) {
    switch (name) {
      case 'call':
        this.#events.send({ report: { call: order.call, ...why } });
        break;
      case 'open':
      case 'close':
        this.#events.send({ refused: { channel: order.channel, ...why } });
        break;
      case 'listen':
      case 'unlisten':
      case 'shutdown':
        this.#events.send({ refused: { listener: order.listener, ...why } });
        break;
      default:
        log(`${name} failed: ${JSON.stringify(why)}`);
    }
  }
}

/** @param {unknown} error */
function reason(error) {
  return error instanceof UnsupportedError
    ? { unsupported: { feature: error.feature } }
    : { could_not_try: { why: words(error).slice(0, MAX_WORDS) } };
}

function versions() {
  const require = createRequire(import.meta.url);
  const named = {
    node: process.versions.node,
    'grpc-js': require('@grpc/grpc-js/package.json').version,
    'proto-loader': require('@grpc/proto-loader/package.json').version,
    protobufjs: require('protobufjs/package.json').version,
    // What carries HTTP/2 within Node.
    nghttp2: process.versions.nghttp2,
  };
  return Object.entries(named).map(([name, version]) => ({ name, version }));
}
