/**
 * The server of the official interop tests: it does what its requests say.
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import grpc from '@grpc/grpc-js';
import { Progress } from './progress.js';
import { MessageReader } from './reader.js';

/** @typedef {import('./contract.js').Fields} Fields */

const ECHO_INITIAL = 'x-grpc-test-echo-initial';
const ECHO_TRAILING = 'x-grpc-test-echo-trailing-bin';
const MAX_BODY = 64 * 1024 * 1024; // Bytes of one payload.

/** A status to end a call with. */
class StatusError extends Error {
  /**
   * @param {number} code
   * @param {string} details
   */
  constructor(code, details) {
    super(details);
    this.code = code;
    this.details = details;
    /** @type {import('@grpc/grpc-js').Metadata | undefined} */
    this.metadata = undefined;
  }
}

/**
 * The methods by their names. `CacheableUnaryCall` needs a proxy, and `UnimplementedCall` is there
 * to ask the library's router.
 */
export const implementation = {
  EmptyCall: oneResponse(async () => ({})),
  UnaryCall: oneResponse(async (call) => unaryCall(call.request)),
  StreamingInputCall: oneResponse(streamingInputCall),
  StreamingOutputCall: stream((call, progress) => respondTo(call.request, call, progress)),
  FullDuplexCall: stream(fullDuplexCall),
  HalfDuplexCall: stream(halfDuplexCall),
};

/**
 * Answers with a payload of the size that was asked for, or with a status.
 * @param {Fields} request
 */
function unaryCall(request) {
  echoStatus(request.responseStatus);
  refuseCompression(request.responseCompressed);
  return { payload: newPayload(request.responseType, request.responseSize) };
}

/**
 * Answers with the sum of what came.
 * @param {any} call
 * @param {Progress} progress
 */
async function streamingInputCall(call, progress) {
  let sum = 0;
  for await (const request of requests(call, progress)) {
    sum += request.payload?.body?.length ?? 0;
  }
  return { aggregatedPayloadSize: sum };
}

/**
 * Answers each request at once.
 * @param {any} call
 * @param {Progress} progress
 */
async function fullDuplexCall(call, progress) {
  for await (const request of requests(call, progress)) {
    await respondTo(request, call, progress);
  }
}

/**
 * Answers all requests when the last one is in.
 * @param {any} call
 * @param {Progress} progress
 */
async function halfDuplexCall(call, progress) {
  const all = [];
  for await (const request of requests(call, progress)) {
    all.push({ ...request, payload: undefined }); // What it carries is not needed for the answer.
  }
  for (const request of all) {
    await respondTo(request, call, progress);
  }
}

/**
 * @param {Fields} request
 * @param {any} call
 * @param {Progress} progress
 */
async function respondTo(request, call, progress) {
  echoStatus(request.responseStatus);
  for (const wanted of request.responseParameters) {
    refuseCompression(wanted.compressed);
    const payload = newPayload(request.responseType, wanted.size);
    await pause(wanted.intervalUs, progress);
    await progress.written((callback) => call.write({ payload }, callback));
  }
}

// ---------------------------------------------------------------- the forms of handlers

/**
 * A handler with one response, as grpc-js calls it.
 * @param {(call: any, progress: Progress) => Promise<object>} respond
 */
function oneResponse(respond) {
  return async (/** @type {any} */ call, /** @type {any} */ callback) => {
    const trailing = echoMetadata(call);
    try {
      callback(null, await respond(call, progressOf(call)), trailing);
    } catch (error) {
      callback(error, null, trailing);
    }
  };
}

/**
 * A handler with a stream of responses, as grpc-js calls it.
 * @param {(call: any, progress: Progress) => Promise<void>} respond
 */
function stream(respond) {
  return async (/** @type {any} */ call) => {
    const trailing = echoMetadata(call);
    try {
      await respond(call, progressOf(call));
      call.end(trailing);
    } catch (error) {
      call.emit('error', Object.assign(/** @type {object} */ (error), { metadata: trailing }));
    }
  };
}

/** @param {any} call */
function progressOf(call) {
  const progress = new Progress();
  call.on('cancelled', () => progress.end());
  return progress;
}

/**
 * @param {any} call
 * @param {Progress} progress
 * @returns {AsyncGenerator<Fields>}
 */
async function* requests(call, progress) {
  const reader = new MessageReader(call, progress);
  for (;;) {
    const request = await reader.next(() => progress.over);
    if (request === null) {
      return;
    }
    yield request;
  }
}

// ---------------------------------------------------------------- what requests ask for

/**
 * Sends back what the two keys say: the one at once, the other with the status.
 * @param {any} call
 */
function echoMetadata(call) {
  const leading = copy(call.metadata, ECHO_INITIAL);
  if (leading.get(ECHO_INITIAL).length > 0) {
    call.sendMetadata(leading);
  }
  return copy(call.metadata, ECHO_TRAILING);
}

/**
 * @param {import('@grpc/grpc-js').Metadata} received
 * @param {string} key
 */
function copy(received, key) {
  const copied = new grpc.Metadata();
  for (const value of received.get(key)) {
    copied.add(key, value);
  }
  return copied;
}

/** @param {Fields | undefined} wanted */
function echoStatus(wanted) {
  if (wanted?.code) {
    throw new StatusError(wanted.code, wanted.message ?? '');
  }
}

/**
 * A server of grpc-js never compresses. Whether a request was compressed its handlers cannot see, so
 * what requests expect of that is left alone.
 * @param {Fields | undefined} wanted
 */
function refuseCompression(wanted) {
  if (wanted?.value) {
    const details = 'this server compresses nothing';
    throw new StatusError(grpc.status.UNIMPLEMENTED, details);
  }
}

/**
 * @param {number} type
 * @param {number} size
 */
function newPayload(type = 0, size = 0) {
  if (type !== 0 || size < 0 || size > MAX_BODY) {
    const details = `no payload of type ${type} has ${size} bytes`;
    throw new StatusError(grpc.status.INVALID_ARGUMENT, details);
  }
  return { body: Buffer.alloc(size) };
}

/**
 * Waits for as long as the request says, or until the call ends.
 * @param {number | undefined} microseconds
 * @param {Progress} progress
 */
async function pause(microseconds, progress) {
  if (microseconds && microseconds > 0) {
    const stop = new AbortController();
    const slept = sleep(microseconds / 1000, undefined, { signal: stop.signal }).catch(() => {});
    await Promise.race([slept, progress.ended()]);
    stop.abort();
  }
}
