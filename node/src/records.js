/**
 * What a call leaves behind on either side, as events.
 * @module
 */

import * as contract from './contract.js';
import * as frames from './frames.js';
import * as metadata from './metadata.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./contract.js').Step} Step */
/** @typedef {import('./messages.js').Inbox} Inbox */
/** @typedef {import('./stdio.js').EventWriter} EventWriter */

const ENVELOPE = 64; // Bytes of an envelope that are not the report itself.
const MAX_WORDS = 1_000; // Characters of a reason.

const now = process.hrtime.bigint;

/** A call as its client sees it, until it is reported. */
export class CallRecord {
  #order;
  #inbox;
  #events;
  #reported = false;
  #beganAt = 0n;
  #endedAt = 0n;

  /**
   * @param {Fields} order
   * @param {Inbox} inbox
   * @param {EventWriter} events
   */
  constructor(order, inbox, events) {
    this.#order = order;
    this.#inbox = inbox;
    this.#events = events;
    this.aborted = false;
    this.stoodAt = { send: 0, receive: 0 };
  }

  /** The call was handed to the library. */
  begin() {
    this.#beganAt = now();
  }

  /** Its status is known; whoever says so first is right. */
  end() {
    this.#endedAt ||= now();
  }

  /**
   * A step was reached; says so if it has a name, and never after the report.
   * @param {Step} step
   */
  reached(step) {
    if (step.name && !this.#reported) {
      this.#events.send({ reached: { call: this.#order.call, step: step.name } });
    }
  }

  /**
   * Reports the outcome that the library gave.
   * @param {{ code: number, details: string, metadata?: import('@grpc/grpc-js').Metadata }} status
   * @param {import('@grpc/grpc-js').Metadata | undefined} leading
   */
  report(status, leading) {
    this.end();
    const trailing = metadata.fromMetadata(status.metadata);
    this.#report({
      result: {
        status: status.code,
        message: status.details,
        details: metadata.statusDetails(trailing),
        leading: metadata.fromMetadata(leading),
        trailing,
        messages: this.#inbox.report(this.#order.whole),
        message_count: this.#inbox.count,
        stood_at_send: this.stoodAt.send,
        stood_at_receive: this.stoodAt.receive,
        aborted: this.aborted,
        duration_ns: String(this.#beganAt && this.#endedAt - this.#beganAt),
      },
    });
  }

  /**
   * Reports that the peer itself failed.
   * @param {string} why
   */
  couldNotTry(why) {
    this.#report({ could_not_try: { why: why.slice(0, MAX_WORDS) } });
  }

  /** @param {Fields} outcome */
  #report(outcome) {
    const { call } = this.#order;
    /** @type {Fields} */
    let report = { call, ...outcome };
    const size = contract.Report.serialize(report).length;
    if (size + ENVELOPE > frames.MAX_ENVELOPE) {
      const why = `the report has ${size} bytes, more than an envelope holds`;
      report = { call, could_not_try: { why } };
    }
    this.#reported = true;
    this.#events.send({ report });
  }
}

/** A call as its handler sees it, from its entry to its end. */
export class HandlerRecord {
  #listener;
  #enteredAt = 0n;

  /**
   * @param {string} listener
   * @param {string} method
   * @param {Inbox} inbox
   * @param {boolean} streamsRequests
   */
  constructor(listener, method, inbox, streamsRequests) {
    this.#listener = listener;
    this.method = method;
    this.inbox = inbox;
    this.whole = false;
    this.number = 0;
    this.detail = '';
    // A handler with one request has had all of it before it was entered.
    this.requestEnd = streamsRequests ? 'REQUEST_END_UNREAD' : 'REQUEST_END_HALF_CLOSED';
  }

  /**
   * The event of the entry.
   * @param {import('@grpc/grpc-js').Metadata} given
   */
  began(given) {
    this.#enteredAt = now();
    return {
      listener: this.#listener,
      number: this.number,
      method: this.method,
      metadata: metadata.fromMetadata(given),
    };
  }

  /**
   * The event of a step that has a name.
   * @param {Step} step
   */
  reached(step) {
    const handler = { listener: this.#listener, number: this.number };
    return { handler, step: step.name };
  }

  /**
   * The event of the end.
   * @param {string} callEnd
   */
  handled(callEnd) {
    return {
      listener: this.#listener,
      number: this.number,
      method: this.method,
      messages: this.inbox.report(this.whole),
      message_count: this.inbox.count,
      request_end: this.requestEnd,
      call_end: callEnd,
      detail: this.detail.slice(0, MAX_WORDS),
      duration_ns: String(now() - this.#enteredAt),
    };
  }
}

/** The calls on a listener: their numbers, and who is still running. */
export class Register {
  #events;
  #count = 0;
  /** @type {Map<string, number>} */
  #methodCounts = new Map();
  /** @type {Map<number, { record: HandlerRecord, abort: () => void }>} */
  #running = new Map();
  /** @type {(() => void) | undefined} Set once the listener is closed. */
  #whenIdle;

  /** @param {EventWriter} events */
  constructor(events) {
    this.#events = events;
  }

  /**
   * Enters a handler; gives how many calls of its method were entered before it.
   *
   * Undefined if the listener is closed: the handler must then not run.
   * @param {HandlerRecord} record
   * @param {import('@grpc/grpc-js').Metadata} given
   * @param {() => void} abort
   */
  enter(record, given, abort) {
    if (this.#whenIdle !== undefined) {
      return undefined;
    }
    this.#count += 1;
    record.number = this.#count;
    const earlier = this.#methodCounts.get(record.method) ?? 0;
    this.#methodCounts.set(record.method, earlier + 1);
    this.#running.set(record.number, { record, abort });
    this.#events.send({ began: record.began(given) });
    return earlier;
  }

  /**
   * A handler reached a step; says so if it has a name.
   * @param {HandlerRecord} record
   * @param {Step} step
   */
  reached(record, step) {
    if (step.name && this.#running.has(record.number)) {
      this.#events.send({ reached: record.reached(step) });
    }
  }

  /**
   * A handler has ended.
   * @param {HandlerRecord} record
   * @param {string} callEnd
   */
  leave(record, callEnd) {
    if (!this.#running.delete(record.number)) {
      return;
    }
    this.#events.send({ handled: record.handled(callEnd) });
    if (this.#running.size === 0) {
      this.#whenIdle?.();
    }
  }

  /** Cancels every call that is running. */
  abortAll() {
    for (const { abort } of [...this.#running.values()]) {
      abort();
    }
  }

  /**
   * Lets nobody enter any more and calls back when the last has left.
   * @param {() => void} whenIdle
   */
  close(whenIdle) {
    this.#whenIdle = whenIdle;
    if (this.#running.size === 0) {
      whenIdle();
    }
  }

  /** Reports those that could not be ended as running, and gives their number. */
  giveUp() {
    const left = [...this.#running.values()];
    this.#running.clear();
    for (const { record } of left) {
      this.#events.send({ handled: record.handled('CALL_END_RUNNING') });
    }
    return left.length;
  }
}
