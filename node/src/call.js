/**
 * One call of a client.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { NO_COMPRESS } from './calls.js';
import { words } from './errors.js';
import * as messages from './messages.js';
import { BEGUN, HEADERS, Progress, RESPONSE, stepDone } from './progress.js';
import { MessageReader } from './reader.js';
import { CallRecord } from './records.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./contract.js').Step} Step */
/** @typedef {{ code: number, details: string, metadata?: import('@grpc/grpc-js').Metadata }} Status */

/**
 * A call and its two lanes.
 *
 * Both lanes run side by side, and the events of grpc-js wake whatever waits.
 */
export class ClientCall {
  #order;
  #plan;
  #latches;
  #inbox;
  #record;
  #progress = new Progress();
  /** @type {any} grpc-js' object, once the call has begun. */
  #call;
  /** @type {MessageReader | undefined} */
  #reader;
  /** @type {import('@grpc/grpc-js').Metadata | undefined} */
  #leading;
  /** @type {Status | undefined} */
  #status;
  /** @type {string | undefined} Why the peer itself could not go on. */
  #failure;

  /**
   * @param {Fields} order
   * @param {import('./calls.js').Plan} plan
   * @param {import('./latches.js').Latches} latches
   * @param {import('./stdio.js').EventWriter} events
   */
  constructor(order, plan, latches, events) {
    /** @type {string} */
    this.number = order.call;
    this.#order = order;
    this.#plan = plan;
    this.#latches = latches;
    this.#inbox = new messages.Inbox(plan.responseType, order.whole);
    this.#record = new CallRecord(order, this.#inbox, events);
  }

  /**
   * Makes the call and reports it.
   * @param {import('@grpc/grpc-js').Client} client
   */
  async run(client) {
    const begin = this.#plan.requester(client, this.#order.method, this.#inbox.deserialize);
    this.#attempt(this.#sendLane(begin)); // It ends with the call, and nobody waits for it.
    await this.#attempt(this.#receiveLane());
    await this.#report();
  }

  /** Cancels the call, or keeps it from beginning. */
  abort() {
    this.#record.aborted = !this.#progress.over;
    if (this.#call === undefined) {
      this.#progress.end();
    }
    this.#cancel();
  }

  /**
   * Runs a part of the call; its failure is the peer's and ends the call.
   * @param {Promise<void>} lane
   */
  async #attempt(lane) {
    try {
      await lane;
    } catch (error) {
      // Whatever it is, the harness waits for a report.
      this.#failure ??= words(error);
      this.#cancel();
      this.#end();
    }
  }

  /**
   * @param {(...rest: any[]) => any} begin
   * @param {messages.Outgoing[]} argument
   */
  #begin(begin, ...argument) {
    if (this.#progress.over) {
      return;
    }
    this.#record.begin();
    const { metadata, streamsResponses } = this.#plan;
    const callback = streamsResponses ? [] : [this.#respond.bind(this)];
    this.#call = begin(...argument, metadata, this.#plan.options(), ...callback);
    this.#listen();
    this.#progress.happen(BEGUN);
  }

  #listen() {
    this.#call.on('metadata', (/** @type {import('@grpc/grpc-js').Metadata} */ leading) => {
      this.#leading = leading;
      this.#progress.happen(HEADERS);
    });
    // A status other than OK comes as an error as well, which somebody has to listen to.
    this.#call.on('error', () => {});
    this.#call.on('status', (/** @type {Status} */ status) => {
      this.#status ??= status;
      this.#end();
    });
    this.#reader = new MessageReader(this.#call, this.#progress);
  }

  /**
   * The callback of a call with one response. Its error outranks the status that came on the line:
   * OK without a message is an error.
   * @param {Status | null} error
   * @param {object | undefined} response
   */
  #respond(error, response) {
    if (error) {
      this.#status = error;
    } else if (response !== undefined) {
      this.#inbox.note(response);
      this.#progress.happen(RESPONSE);
    }
  }

  #end() {
    this.#record.end();
    this.#progress.end();
  }

  #cancel() {
    this.#call?.cancel();
  }

  // -------------------------------------------------------------- the lanes

  /** @param {(...rest: any[]) => any} begin */
  async #sendLane(begin) {
    if (this.#plan.streamsRequests) {
      this.#begin(begin);
    }
    const halfCloseAfter = this.#plan.halfCloseAfter || this.#order.send.length;
    for (const [index, step] of this.#order.send.entries()) {
      this.#record.stoodAt.send = index + 1;
      if (!(await this.#sendStep(step, begin))) {
        return;
      }
      if (index + 1 === halfCloseAfter) {
        this.#halfClose();
      }
      this.#done(step);
    }
    this.#halfClose();
  }

  /**
   * @param {Step} step
   * @param {(...rest: any[]) => any} begin
   */
  async #sendStep(step, begin) {
    switch (step.kind) {
      case 'message':
      case 'raw':
        return this.#send(step, begin);
      case 'half_close':
        return true; // Its place in the lane says when, see the caller.
      default:
        return this.#eitherStep(step);
    }
  }

  /**
   * @param {Step} step
   * @param {(...rest: any[]) => any} begin
   */
  async #send(step, begin) {
    const message = messages.outgoing(step, this.#plan.requestType);
    if (!this.#plan.streamsRequests) {
      this.#begin(begin, message);
      return true;
    }
    // The place of the encoding, which objects do not have, is that of grpc-js' write flags.
    const flags = step.uncompressed ? NO_COMPRESS : undefined;
    return this.#progress.written((callback) => this.#call.write(message, flags, callback));
  }

  #halfClose() {
    if (this.#plan.streamsRequests) {
      this.#call?.end();
    }
  }

  async #receiveLane() {
    for (const [index, step] of this.#order.receive.entries()) {
      this.#record.stoodAt.receive = index + 1;
      if (!(await this.#receiveStep(step))) {
        break;
      }
      this.#done(step);
    }
    if (await this.#progress.wait(BEGUN)) {
      await this.#receive(0);
    }
  }

  /** @param {Step} step */
  async #receiveStep(step) {
    switch (step.kind) {
      case 'await_headers':
        return this.#progress.wait(HEADERS);
      case 'receive':
        return (await this.#progress.wait(BEGUN)) && this.#receive(step.receive.count);
      default:
        return this.#eitherStep(step);
    }
  }

  /**
   * Receives so many messages, or all; false if the call ended before that.
   * @param {number} count
   */
  async #receive(count) {
    if (!this.#plan.streamsResponses) {
      return this.#progress.wait(RESPONSE);
    }
    for (let received = 0; count === 0 || received < count; received += 1) {
      // What has come stays readable when the call has ended.
      const message = await this.#reader?.next(() => this.#failure !== undefined);
      if (!message) {
        return count === 0;
      }
      this.#inbox.note(message);
    }
    return true;
  }

  /** @param {Step} step */
  async #eitherStep(step) {
    if (step.kind === 'wait') {
      this.#record.reached(step);
      return this.#progress.waitStep(step.wait, this.#latches, this.#order.scope);
    }
    if (!(await this.#progress.wait(BEGUN))) {
      return false;
    }
    this.#cancel();
    return true;
  }

  /** @param {Step} step */
  #done(step) {
    if (step.kind !== 'wait') {
      this.#record.reached(step);
    }
    if (step.name) {
      this.#progress.happen(stepDone(step.name));
    }
  }

  // -------------------------------------------------------------- the report

  async #report() {
    await this.#progress.ended();
    if (this.#failure !== undefined) {
      this.#record.couldNotTry(this.#failure);
    } else {
      const never = { code: grpc.status.CANCELLED, details: '' };
      this.#record.report(this.#status ?? never, this.#leading);
    }
  }
}
