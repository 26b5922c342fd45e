/**
 * The client role.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { ClientCall } from './call.js';
import * as calls from './calls.js';
import { channelCredentials } from './credentials.js';
import { CouldNotTryError } from './errors.js';
import * as features from './features.js';
import { Latches } from './latches.js';
import * as options from './options.js';

/** @typedef {import('./contract.js').Fields} Fields */

export const MAX_CALLS = 1_000;

/** Channels, and the calls on them. */
export class Client {
  featureNames = features.CLIENT;
  limits = { max_calls: MAX_CALLS };
  #events;
  #latches = new Latches();
  /** @type {Map<string, import('@grpc/grpc-js').Client>} */
  #channels = new Map();
  /** @type {Map<string, ClientCall>} */
  #calls = new Map();

  /** @param {import('./stdio.js').EventWriter} events */
  constructor(events) {
    this.#events = events;
  }

  /**
   * Makes a channel, which does not connect yet.
   * @param {Fields} order
   */
  open(order) {
    features.demand(order.requires, features.CLIENT);
    const given = options.channelOptions(order.options, order.tls);
    const client = new grpc.Client(order.target, channelCredentials(order.tls), given);
    this.#channels.set(order.channel, client);
    this.#events.send({ opened: { channel: order.channel } });
  }

  /**
   * Lets go of a channel.
   * @param {Fields} order
   */
  close(order) {
    this.#find(order.channel).close();
    this.#channels.delete(order.channel);
    this.#events.send({ closed: { channel: order.channel } });
  }

  /**
   * Begins a call.
   * @param {Fields} order
   */
  call(order) {
    const plan = calls.plan(order);
    const client = this.#find(order.channel);
    if (this.#calls.size >= MAX_CALLS) {
      throw new CouldNotTryError(`${MAX_CALLS} calls are running already`);
    }
    const call = new ClientCall(order, plan, this.#latches, this.#events);
    this.#calls.set(order.call, call);
    this.#run(call, client);
  }

  /**
   * Cancels a call; one that has ended already is left alone.
   * @param {Fields} order
   */
  abort(order) {
    this.#calls.get(order.call)?.abort();
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
    for (const call of this.#calls.values()) {
      call.abort();
    }
    for (const client of this.#channels.values()) {
      client.close();
    }
  }

  /** @param {string} number */
  #find(number) {
    const client = this.#channels.get(number);
    if (client === undefined) {
      throw new CouldNotTryError(`there is no channel ${number}`);
    }
    return client;
  }

  /**
   * @param {ClientCall} call
   * @param {import('@grpc/grpc-js').Client} client
   */
  async #run(call, client) {
    await call.run(client);
    this.#calls.delete(call.number);
  }
}
