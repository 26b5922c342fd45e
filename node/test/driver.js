/**
 * A harness small enough to test the peer with: it starts one, gives it orders and awaits events.
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as contract from '../src/contract.js';
import { MAGIC } from '../src/frames.js';

/** @typedef {import('../src/contract.js').Fields} Fields */
/** @typedef {import('node:test').TestContext} TestContext */

/** No test waits longer in vain. */
export const LIMIT = { timeout: 30_000 };
export const TCP = { tcp: {} };
/** The step that sends `World` to the greeter, and what that answers. */
export const WORLD = { message: { pieces: [{ bytes: Buffer.from('\x0a\x05World') }] } };
export const HELLO = Buffer.from('\x0a\x0cHello, World');

export const SAY_HELLO = {
  method: '/Greeter/SayHello',
  shape: 'SHAPE_UNARY',
  request_type: 'HelloRequest',
  response_type: 'HelloReply',
};

const PROGRAM = fileURLToPath(new URL('../grpc-js.js', import.meta.url));

/**
 * The frame of an order.
 * @param {Fields} order
 */
export function frame(order) {
  const body = contract.ToPeer.serialize({ magic: MAGIC, ...order });
  return Buffer.concat([varint(body.length), body]);
}

/**
 * @param {number} value
 * @returns {Buffer}
 */
function varint(value) {
  return value > 0x7f
    ? Buffer.concat([Buffer.from([(value & 0x7f) | 0x80]), varint(value >>> 7)])
    : Buffer.from([value]);
}

/** A peer in one role, and the events that it has sent. */
export class Peer {
  /** @type {Fields[]} */
  #events = [];
  #buffer = Buffer.alloc(0);
  #log = '';
  /** @type {() => void} */
  #wake = () => {};

  /** @param {string} role */
  constructor(role) {
    this.role = role;
    this.process = spawn(process.execPath, [PROGRAM, role]);
    this.exited = once(this.process, 'close');
    this.process.stdout.on('data', (data) => this.#take(data));
    this.process.stderr.on('data', (data) => {
      this.#log += data;
    });
    // A peer that has ended does not read what it was still told.
    this.process.stdin.on('error', () => {});
  }

  /** Greets the peer. */
  async start() {
    const role = `ROLE_${this.role.toUpperCase()}`;
    this.order({ start: { contract_version: 1, role } });
    return (await this.event('ready')).ready;
  }

  /**
   * Gives an order.
   * @param {Fields} order
   */
  order(order) {
    this.process.stdin.write(frame(order));
  }

  /**
   * The first event of this kind, now or later; each is given once. The test's own limit ends a
   * wait in vain.
   * @param {string} kind
   * @returns {Promise<Fields>}
   */
  async event(kind) {
    for (;;) {
      const index = this.#events.findIndex(({ event }) => event === kind);
      if (index >= 0) {
        return this.#events.splice(index, 1)[0];
      }
      await new Promise((/** @type {(_: void) => void} */ resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The kinds of the events that nobody has asked for. */
  get left() {
    return this.#events.map(({ event }) => event);
  }

  /** Ends stdin and awaits the exit; gives the status and the log. */
  async end() {
    this.process.stdin.end();
    return this.exit();
  }

  /** Awaits the exit; gives the status and the log. */
  async exit() {
    const [status] = await this.exited;
    return { status, log: this.#log };
  }

  /** Ends the peer whatever it does. */
  kill() {
    this.process.kill('SIGKILL');
  }

  /** @param {Buffer} data */
  #take(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (let body = this.#body(); body !== null; body = this.#body()) {
      this.#events.push(contract.FromPeer.deserialize(body));
    }
    this.#wake();
  }

  #body() {
    let length = 0;
    for (const [at, byte] of this.#buffer.subarray(0, 5).entries()) {
      length += (byte & 0x7f) * 2 ** (7 * at);
      if (byte < 0x80) {
        return this.#cut(at + 1, at + 1 + length);
      }
    }
    return null;
  }

  /** @param {number} start @param {number} end */
  #cut(start, end) {
    if (this.#buffer.length < end) {
      return null;
    }
    const body = this.#buffer.subarray(start, end);
    this.#buffer = this.#buffer.subarray(end);
    return body;
  }
}

/**
 * A peer that has been greeted, until the test ends.
 * @param {TestContext} context
 * @param {string} role
 */
export async function started(context, role) {
  const peer = new Peer(role);
  context.after(() => peer.kill());
  await peer.start();
  return peer;
}

/**
 * A listener and a channel to it.
 * @param {TestContext} context
 * @param {Fields} listen
 * @param {Fields} open
 */
export async function serve(context, listen, open = {}) {
  const [server, client] = await Promise.all([
    started(context, 'server'),
    started(context, 'client'),
  ]);
  server.order({ listen: { listener: '1', transport: TCP, ...listen } });
  const { address } = (await server.event('listening')).listening;
  const target = address.startsWith('/') ? `unix:${address}` : address;
  client.order({ open: { channel: '1', target, ...open } });
  await client.event('opened');
  return { server, client, address };
}

/**
 * Makes a greeting, or another call.
 * @param {Peer} client
 * @param {Fields} changes
 */
export function call(client, changes = {}) {
  client.order({ call: { call: '1', channel: '1', ...SAY_HELLO, send: [WORLD], ...changes } });
}
