/**
 * What a client must know of a call before it begins.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { bearerToken } from './credentials.js';
import { CouldNotTryError, UnsupportedError } from './errors.js';
import * as features from './features.js';
import * as messages from './messages.js';
import { toMetadata } from './metadata.js';

/** @typedef {import('./contract.js').Fields} Fields */
/** @typedef {import('./contract.js').Step} Step */

const STREAMED_REQUESTS = ['SHAPE_CLIENT_STREAMING', 'SHAPE_BIDIRECTIONAL'];
const STREAMED_RESPONSES = ['SHAPE_SERVER_STREAMING', 'SHAPE_BIDIRECTIONAL'];

/** The write flag of grpc-js that keeps one message from being compressed; it exports the type only. */
export const NO_COMPRESS = 2;

/** Every shape but the unspecified one. */
export const SHAPES = [
  'SHAPE_UNARY',
  'SHAPE_CLIENT_STREAMING',
  'SHAPE_SERVER_STREAMING',
  'SHAPE_BIDIRECTIONAL',
];

/**
 * Whether a method of this shape takes a stream.
 * @param {string} shape
 */
export function streamsRequests(shape) {
  return STREAMED_REQUESTS.includes(shape);
}

/**
 * Whether a method of this shape gives a stream.
 * @param {string} shape
 */
export function streamsResponses(shape) {
  return STREAMED_RESPONSES.includes(shape);
}

/** A call that can be carried out. */
export class Plan {
  /**
   * @param {object} fields
   * @param {boolean} fields.streamsRequests
   * @param {boolean} fields.streamsResponses
   * @param {messages.MessageType} fields.requestType
   * @param {messages.MessageType} fields.responseType
   * @param {import('@grpc/grpc-js').Metadata} fields.metadata
   * @param {number | undefined} fields.timeout Milliseconds.
   * @param {import('@grpc/grpc-js').CallCredentials | undefined} fields.credentials
   * @param {boolean} fields.uncompressed Whether the one request is not to be compressed.
   * @param {number} fields.halfCloseAfter The step of the send lane, from 1; 0 is the lane's end.
   */
  constructor(fields) {
    this.streamsRequests = fields.streamsRequests;
    this.streamsResponses = fields.streamsResponses;
    this.requestType = fields.requestType;
    this.responseType = fields.responseType;
    this.metadata = fields.metadata;
    this.timeout = fields.timeout;
    this.credentials = fields.credentials;
    this.uncompressed = fields.uncompressed;
    this.halfCloseAfter = fields.halfCloseAfter;
  }

  /**
   * What the call is begun with; its time runs from now.
   * @returns {import('@grpc/grpc-js').CallOptions}
   */
  options() {
    return {
      ...(this.timeout === undefined ? {} : { deadline: Date.now() + this.timeout }),
      ...(this.credentials === undefined ? {} : { credentials: this.credentials }),
      ...(this.uncompressed ? { interceptors: [uncompressed] } : {}),
    };
  }

  /**
   * The library's function for this call, which generated code calls as well:
   * `client.makeUnaryRequest(...)` and its sisters.
   * @param {any} client
   * @param {string} method
   * @param {(data: Buffer) => object} deserialize
   * @returns {(...rest: any[]) => any}
   */
  requester(client, method, deserialize) {
    const serialize = messages.serializer(this.requestType);
    const kinds = { 0: 'Unary', 1: 'ClientStream', 2: 'ServerStream', 3: 'BidiStream' };
    const kind = Number(this.streamsRequests) + 2 * Number(this.streamsResponses);
    const make = client[`make${kinds[/** @type {0} */ (kind)]}Request`];
    return make.bind(client, method, serialize, deserialize);
  }
}

/**
 * Keeps the messages of a call from being compressed. A stream's `write` can be told so; a function
 * that takes its one request cannot.
 * @type {import('@grpc/grpc-js').Interceptor}
 */
function uncompressed(options, nextCall) {
  return new UncompressedCall(nextCall(options));
}

class UncompressedCall extends grpc.InterceptingCall {
  /**
   * @param {Parameters<grpc.InterceptingCall['sendMessageWithContext']>[0]} context
   * @param {object} message
   */
  sendMessageWithContext(context, message) {
    super.sendMessageWithContext({ ...context, flags: NO_COMPRESS }, message);
  }
}

/**
 * Checks an order in full, so that nothing is found lacking in the middle of a call.
 * @param {Fields} order
 */
export function plan(order) {
  features.demand(order.requires, features.CLIENT);
  features.demandSteps(order.send, features.CLIENT, features.CLIENT_SEND_STEPS);
  features.demandSteps(order.receive, features.CLIENT, features.CLIENT_RECEIVE_STEPS);
  const mostGeneral = isStreamApi(order.api);
  if (!SHAPES.includes(order.shape)) {
    throw new CouldNotTryError(`the call has no shape: ${order.shape}`);
  }
  const takesStream = mostGeneral || streamsRequests(order.shape);
  return new Plan({
    streamsRequests: takesStream,
    streamsResponses: mostGeneral || streamsResponses(order.shape),
    requestType: messages.messageType(order.request_type, order.descriptor_set),
    responseType: messages.messageType(order.response_type, order.descriptor_set),
    metadata: toMetadata(order.metadata),
    timeout: order.timeout_ns === undefined ? undefined : Number(order.timeout_ns) / 1e6,
    credentials: bearerToken(order.bearer_token),
    uncompressed: !takesStream && order.send.some((/** @type {Step} */ step) => step.uncompressed),
    halfCloseAfter: halfCloseAfter(order.send, takesStream),
  });
}

/** @param {string} api */
function isStreamApi(api) {
  if (api !== 'API_IDIOMATIC' && api !== 'API_STREAM') {
    throw new UnsupportedError(`api-${api}`);
  }
  return api === 'API_STREAM';
}

/**
 * @param {Step[]} send
 * @param {boolean} takesStream
 */
function halfCloseAfter(send, takesStream) {
  const payloads = messages.payloadSteps(send);
  if (!takesStream && payloads.length !== 1) {
    throw new CouldNotTryError(`a call with one request has ${payloads.length} messages to send`);
  }
  const halfCloses = send.flatMap(({ kind }, index) => (kind === 'half_close' ? [index + 1] : []));
  const last = payloads.at(-1) ?? 0;
  if (halfCloses.length === 0) {
    return last;
  }
  if (halfCloses.length > 1 || halfCloses[0] < last) {
    throw new CouldNotTryError('a half_close step stands before a message or another half_close');
  }
  return halfCloses[0];
}
