/**
 * The server role.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { serverCredentials } from './credentials.js';
import { CouldNotTryError, words } from './errors.js';
import * as features from './features.js';
import { framed } from './framed.js';
import { Handling, ScriptedHandler } from './handler.js';
import { Latches } from './latches.js';
import * as options from './options.js';
import { HandlerRecord, Register } from './records.js';
import * as scripts from './scripts.js';
import * as services from './services.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./stdio.js').EventWriter} EventWriter */

export const MAX_HANDLERS = 1_000;
export const MAX_LISTENERS = 256;
const UNLISTEN_LIMIT = 2_000; // Milliseconds for handlers to end after their calls were cancelled.
const LONGEST_TIMER = 2 ** 31 - 1; // Milliseconds; Node fires a longer one at once.

/** Listeners, all in one event loop. */
export class Server {
  featureNames = features.SERVER;
  limits = { max_handlers: MAX_HANDLERS, max_listeners: MAX_LISTENERS };
  #events;
  #latches = new Latches();
  /** @type {Map<string, Listener>} */
  #listeners = new Map();

  /** @param {EventWriter} events */
  constructor(events) {
    this.#events = events;
  }

  /**
   * Opens a listener.
   * @param {Fields} order
   */
  listen(order) {
    features.demand(order.requires, features.SERVER);
    if (this.#listeners.size >= MAX_LISTENERS) {
      throw new CouldNotTryError(`${MAX_LISTENERS} listeners are open already`);
    }
    const listener = new Listener(order, this.#events, this.#latches);
    const address = options.bindAddress(order.transport);
    this.#listeners.set(order.listener, listener);
    this.#listen(listener, address, order.transport);
  }

  /**
   * Shuts a listener down in the middle of a cell.
   * @param {Fields} order
   */
  shutdown(order) {
    features.demand(order.requires, features.SERVER);
    this.#shutdown(this.#find(order.listener), order.grace_ms);
  }

  /**
   * Ends a listener by force.
   * @param {Fields} order
   */
  unlisten(order) {
    const listener = this.#find(order.listener);
    this.#listeners.delete(order.listener);
    this.#unlisten(listener);
  }

  /**
   * Cancels every call on a listener.
   * @param {Fields} order
   */
  abort(order) {
    this.#listeners.get(order.listener)?.register.abortAll();
  }

  /**
   * Opens a latch.
   * @param {Fields} order
   */
  release(order) {
    this.#latches.release(order.scope, order.name);
  }

  /**
   * Forgets the latches of a scope.
   * @param {Fields} order
   */
  end_scope(order) {
    this.#latches.endScope(order.scope);
  }

  /** Ends everything by force. */
  async stop() {
    await Promise.all([...this.#listeners.values()].map((listener) => listener.stop(undefined)));
  }

  /** @param {string} number */
  #find(number) {
    const listener = this.#listeners.get(number);
    if (listener === undefined) {
      throw new CouldNotTryError(`there is no listener ${number}`);
    }
    return listener;
  }

  /**
   * @param {Listener} listener
   * @param {string} address
   * @param {Fields} transport
   */
  async #listen(listener, address, transport) {
    try {
      const port = await listener.start(address);
      const bound = options.boundAddress(transport, port);
      this.#events.send({ listening: { listener: listener.number, address: bound } });
    } catch (error) {
      this.#listeners.delete(listener.number);
      const reason = { could_not_try: { why: words(error) } };
      this.#events.send({ refused: { listener: listener.number, ...reason } });
    }
  }

  /**
   * @param {Listener} listener
   * @param {number | undefined} grace
   */
  async #shutdown(listener, grace) {
    await listener.stop(grace);
    this.#events.send({ shut_down: { listener: listener.number } });
  }

  /** @param {Listener} listener */
  async #unlisten(listener) {
    const stillRunning = await listener.end(UNLISTEN_LIMIT);
    this.#events.send({ unlistened: { listener: listener.number, still_running: stillRunning } });
  }
}

/** One `grpc.Server` and what it serves. */
class Listener {
  #scope;
  #latches;
  #credentials;
  #server;

  /**
   * @param {Fields} order
   * @param {EventWriter} events
   * @param {Latches} latches
   */
  constructor(order, events, latches) {
    /** @type {string} */
    this.number = order.listener;
    this.register = new Register(events);
    this.#scope = order.scope;
    this.#latches = latches;
    this.#credentials = serverCredentials(order.tls);
    const methods = scripts.scriptedMethods(order);
    const named = services.services(order.services, methods);
    this.#server = new grpc.Server(options.serverOptions(order.options));
    for (const service of named) {
      const { definition, implementation } = framed(service, this.number, this.register);
      this.#server.addService(definition, implementation);
    }
    for (const method of methods.values()) {
      const handler = { [method.path]: this.#scriptHandler(method) };
      this.#server.addService(method.definition(), handler);
    }
  }

  /**
   * Binds and accepts connections; gives the port, or 1 for a Unix socket.
   * @param {string} address
   * @returns {Promise<number>}
   */
  start(address) {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, this.#credentials, (error, port) =>
        error ? reject(error) : resolve(port),
      );
    });
  }

  /**
   * Lets calls end by themselves for so many milliseconds, then ends them.
   * @param {number | undefined} grace
   * @returns {Promise<void>}
   */
  stop(grace) {
    if (grace === undefined) {
      this.#server.forceShutdown();
      // The library has closed its sockets; what that does to calls is told in this turn.
      return new Promise((resolve) => setImmediate(resolve));
    }
    return new Promise((resolve) => {
      const limit = Math.min(grace, LONGEST_TIMER);
      // The library calls back when the last connection is gone, and does not end by force one that
      // has not finished its TLS handshake.
      const timer = setTimeout(() => resolve(this.stop(undefined)), limit);
      this.#server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  /**
   * Ends calls and handlers by force; gives how many handlers could not be ended.
   * @param {number} limit Milliseconds.
   */
  async end(limit) {
    const idle = new Promise((/** @type {(_: void) => void} */ resolve) => {
      this.register.close(resolve);
    });
    /** @type {NodeJS.Timeout | undefined} */
    let timer;
    const tooLong = new Promise((resolve) => {
      timer = setTimeout(resolve, limit);
    });
    await Promise.race([Promise.all([this.stop(undefined), idle]), tooLong]);
    clearTimeout(timer);
    return this.register.giveUp();
  }

  /**
   * What serves the calls of a scripted method.
   * @param {scripts.ScriptedMethod} method
   * @returns {(call: any, callback?: any) => void}
   */
  #scriptHandler(method) {
    return (call, callback) => {
      const inbox = method.inbox();
      const record = new HandlerRecord(this.number, method.path, inbox, method.streamsRequests);
      const handling = new Handling(record, this.register, call, callback);
      if (!handling.enter()) {
        return;
      }
      if (!method.streamsRequests) {
        inbox.note(call.request);
      }
      new ScriptedHandler(method, handling, this.#latches, this.#scope).run();
    };
  }
}
