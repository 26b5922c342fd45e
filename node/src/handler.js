/**
 * Handlers: the frame around every handler, and those with a script.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { words } from './errors.js';
import * as messages from './messages.js';
import * as metadata from './metadata.js';
import { Progress, stepDone } from './progress.js';
import { MessageReader } from './reader.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./contract.js').Step} Step */
/** @typedef {import('./records.js').HandlerRecord} HandlerRecord */
/** @typedef {import('./scripts.js').ScriptedMethod} ScriptedMethod */
/** @typedef {(error: any, response?: any, trailing?: import('@grpc/grpc-js').Metadata) => void} Callback */

// Milliseconds by which a timer may fire before the clock shows its time.
const TIMER_PRECISION = 1;

/** What a script has a handler throw. */
export class Panic extends Error {}

/** The frame around a handler: `Began` when it is entered, `Handled` when it is left. */
export class Handling {
  #register;
  #callback;
  /** @type {string | undefined} How grpc-js ended the call. */
  #told;

  /**
   * @param {HandlerRecord} record
   * @param {import('./records.js').Register} register
   * @param {any} call grpc-js' object.
   * @param {Callback | undefined} callback Of a method with one response.
   */
  constructor(record, register, call, callback) {
    this.record = record;
    this.call = call;
    this.progress = new Progress();
    this.earlier = 0; // How many calls of the method were entered before this one.
    this.#register = register;
    this.#callback = callback;
  }

  /** Enters the handler; false if it must not run. */
  enter() {
    const earlier = this.#register.enter(this.record, this.call.metadata, () => this.#abort());
    if (earlier === undefined) {
      this.fail({ code: grpc.status.UNAVAILABLE, details: 'the listener is closed' });
      return false;
    }
    this.earlier = earlier;
    this.call.on('cancelled', (/** @type {string} */ why) => this.#cutOff(why));
    return true;
  }

  /**
   * Leaves the handler.
   * @param {string} ownEnd How it ends on purpose, which counts unless grpc-js was first.
   */
  leave(ownEnd) {
    this.#register.leave(this.record, this.#told ?? ownEnd);
    this.progress.end();
  }

  /** Whether grpc-js has ended the call before its handler did. */
  get cut() {
    return this.#told !== undefined;
  }

  /**
   * A step was reached.
   * @param {Step} step
   */
  reached(step) {
    this.#register.reached(this.record, step);
  }

  /**
   * Answers with OK.
   * @param {messages.Outgoing | undefined} response Of a method with one response.
   * @param {import('@grpc/grpc-js').Metadata} trailing
   */
  succeed(response, trailing) {
    if (this.#callback !== undefined) {
      this.#callback(null, response, trailing);
    } else {
      this.call.end(trailing);
    }
  }

  /**
   * Answers with a status, or with an error that grpc-js makes one of.
   * @param {object} status
   */
  fail(status) {
    if (this.#callback !== undefined) {
      this.#callback(status);
    } else {
      this.call.emit('error', status);
    }
  }

  /**
   * grpc-js has told the handler that its call is over. It says so as well when the handler itself
   * has ended it.
   * @param {string} why
   */
  #cutOff(why) {
    if (this.progress.over) {
      return;
    }
    const outOfTime = Number(this.call.getDeadline()) <= Date.now() + TIMER_PRECISION;
    this.#told = outOfTime ? 'CALL_END_DEADLINE' : 'CALL_END_CANCELLED';
    this.record.detail = why;
    this.progress.end();
  }

  #abort() {
    this.#told = 'CALL_END_CANCELLED';
    this.fail({ code: grpc.status.CANCELLED, details: 'aborted by the harness' });
    this.progress.end();
  }
}

/** Follows a script: both lanes side by side. */
export class ScriptedHandler {
  #method;
  #script;
  #handling;
  #latches;
  #scope;
  #reader;
  /** @type {messages.Outgoing | undefined} Of a method with one response. */
  #response;
  /** @type {Step | undefined} The step that ends the call. */
  #ending;
  /** @type {unknown} What a lane ran into. */
  #failure;

  /**
   * @param {ScriptedMethod} method
   * @param {Handling} handling
   * @param {import('./latches.js').Latches} latches
   * @param {string} scope
   */
  constructor(method, handling, latches, scope) {
    this.#method = method;
    this.#script = method.script(handling.earlier);
    this.#handling = handling;
    this.#latches = latches;
    this.#scope = scope;
    this.#reader = new MessageReader(handling.call, handling.progress);
    handling.record.whole = this.#script.whole;
  }

  /**
   * Follows the script.
   *
   * A panic that is the first step is thrown from here, where grpc-js catches it. A later one is
   * thrown when grpc-js no longer looks, as it is for every user with an `async` handler: it answers
   * nothing, and the call stays open.
   */
  run() {
    const first = [this.#script.send[0], this.#script.receive[0]];
    const panic = first.find((step) => step?.kind === 'panic');
    if (panic !== undefined) {
      this.#done(panic);
      this.#panic(panic);
    }
    return this.respond();
  }

  /** Runs both lanes and answers the call. */
  async respond() {
    const receiving = this.#attempt(this.#receiveLane());
    await this.#attempt(this.#sendLane());
    await receiving;
    this.#finish();
  }

  /**
   * Runs a lane; its failure is the peer's and ends the call.
   * @param {Promise<void>} lane
   */
  async #attempt(lane) {
    try {
      await lane;
    } catch (error) {
      this.#failure ??= error;
      this.#handling.progress.end();
    }
  }

  // -------------------------------------------------------------- the lanes

  async #sendLane() {
    for (const step of this.#script.send) {
      if (this.#handling.progress.over || !(await this.#sendStep(step))) {
        return;
      }
      this.#done(step);
    }
  }

  /** @param {Step} step */
  async #sendStep(step) {
    switch (step.kind) {
      case 'message':
      case 'raw':
        return this.#send(messages.outgoing(step, this.#method.responseType));
      case 'headers':
        this.#handling.call.sendMetadata(metadata.toMetadata(step.headers.metadata));
        return true;
      default:
        return this.#eitherStep(step);
    }
  }

  /** @param {messages.Outgoing} message */
  async #send(message) {
    if (!this.#method.streamsResponses) {
      this.#response = message;
      return true;
    }
    const { call, progress } = this.#handling;
    return progress.written((callback) => call.write(message, callback));
  }

  async #receiveLane() {
    for (const step of this.#script.receive) {
      if (this.#handling.progress.over || !(await this.#receiveStep(step))) {
        return;
      }
      this.#done(step);
    }
  }

  /** @param {Step} step */
  async #receiveStep(step) {
    if (step.kind === 'receive') {
      await this.#receive(step.receive.count);
      return true;
    }
    return this.#eitherStep(step);
  }

  /**
   * Receives so many messages, or all.
   * @param {number} count
   */
  async #receive(count) {
    if (!this.#method.streamsRequests) {
      return;
    }
    const { call, progress, record } = this.#handling;
    for (let received = 0; count === 0 || received < count; received += 1) {
      const message = await this.#reader.next(() => progress.over);
      if (message === null) {
        record.requestEnd = requestEnd(this.#handling.cut, call.readableEnded);
        return;
      }
      record.inbox.note(message);
    }
  }

  /** @param {Step} step */
  async #eitherStep(step) {
    const { progress } = this.#handling;
    if (step.kind === 'wait') {
      this.#handling.reached(step);
      return progress.waitStep(step.wait, this.#latches, this.#scope);
    }
    this.#ending = step;
    this.#done(step);
    progress.end();
    return false;
  }

  /** @param {Step} step */
  #done(step) {
    if (step.kind !== 'wait') {
      this.#handling.reached(step);
    }
    if (step.name) {
      this.#handling.progress.happen(stepDone(step.name));
    }
  }

  // -------------------------------------------------------------- the end

  #finish() {
    if (this.#handling.cut) {
      this.#handling.leave('CALL_END_CANCELLED');
    } else if (this.#failure !== undefined) {
      this.#handling.record.detail = words(this.#failure);
      this.#handling.fail(/** @type {object} */ (this.#failure));
      this.#handling.leave('CALL_END_RETURNED');
    } else if (this.#ending?.kind === 'panic') {
      this.#panic(this.#ending);
    } else {
      this.#answer(this.#ending?.status);
      this.#handling.leave('CALL_END_RETURNED');
    }
  }

  /**
   * @param {Step} step
   * @returns {never}
   */
  #panic(step) {
    this.#handling.leave('CALL_END_PANICKED');
    throw new Panic(step.panic.message);
  }

  /** @param {Fields | undefined} status */
  #answer(status) {
    const trailing = status ? metadata.trailing(status) : new grpc.Metadata();
    if (!status || (status.code === grpc.status.OK && !status.message)) {
      this.#handling.succeed(this.#response, trailing);
    } else {
      const { code, message: details } = status;
      this.#handling.fail({ code, details, metadata: trailing });
    }
  }
}

/**
 * @param {boolean} cut
 * @param {boolean} ended
 */
function requestEnd(cut, ended) {
  if (ended) {
    return 'REQUEST_END_HALF_CLOSED';
  }
  return cut ? 'REQUEST_END_CANCELLED' : 'REQUEST_END_UNREAD';
}
