/**
 * The contract's options as grpc-js' channel options.
 *
 * What is not in a table cannot be set through grpc-js and is `Unsupported`: the size of header
 * lists, a server's windows, and how often a client may ping. A client's window for the connection
 * cannot be set apart from that for streams. A server of grpc-js compresses nothing.
 * @module
 */

import grpc from '@grpc/grpc-js';
import { CouldNotTryError, UnsupportedError } from './errors.js';

/** @typedef {import('./contract.js').Fields} Fields */

const INT_MAX = 2 ** 31 - 1;

const SIZES = {
  max_receive_message_size: 'grpc.max_receive_message_length',
  max_send_message_size: 'grpc.max_send_message_length',
};
const KEEPALIVE = {
  keepalive_interval_ms: 'grpc.keepalive_time_ms',
  keepalive_timeout_ms: 'grpc.keepalive_timeout_ms',
};

/** The codings of messages that grpc-js has. Both sides accept them without being told. */
/** @type {Record<string, number>} */
export const CODINGS = {
  gzip: grpc.compressionAlgorithms.gzip,
  deflate: grpc.compressionAlgorithms.deflate,
};
const NAME_CODINGS = ['compression', 'accept_compression'];

/** @type {Record<string, string | null>} Null where there is nothing to set. */
export const SERVER_OPTIONS = {
  ...SIZES,
  max_concurrent_streams: 'grpc.max_concurrent_streams',
  ...KEEPALIVE,
  max_connection_age_ms: 'grpc.max_connection_age_ms',
  max_connection_age_grace_ms: 'grpc.max_connection_age_grace_ms',
  accept_compression: null,
};

/** @type {Record<string, string | null>} Null where there is nothing to set. */
export const CHANNEL_OPTIONS = {
  ...SIZES,
  initial_stream_window: 'grpc-node.flow_control_window',
  ...KEEPALIVE,
  keepalive_without_calls: 'grpc.keepalive_permit_without_calls',
  authority: 'grpc.default_authority',
  user_agent: 'grpc.primary_user_agent',
  compression: 'grpc.default_compression_algorithm',
  accept_compression: null,
};

/**
 * What a listener is made with.
 * @param {Fields | null} options
 */
export function serverOptions(options) {
  return translate(options, SERVER_OPTIONS);
}

/**
 * What a channel is made with.
 * @param {Fields | null} options
 * @param {Fields | null} tls
 * @returns {Record<string, number | string>}
 */
export function channelOptions(options, tls = null) {
  return {
    // Channels to one address would share one connection.
    'grpc.use_local_subchannel_pool': 1,
    // The proxy variables would redirect even calls to 127.0.0.1.
    'grpc.enable_http_proxy': 0,
    ...(tls?.server_name ? { 'grpc.ssl_target_name_override': tls.server_name } : {}),
    ...translate(options, CHANNEL_OPTIONS),
  };
}

/**
 * @param {Fields | null} options
 * @param {Record<string, string | null>} table
 * @returns {Record<string, number | string>}
 */
function translate(options, table) {
  // A field of its own that says which optional field is set begins with an underscore.
  const given = Object.entries(options ?? {}).filter(([name]) => !name.startsWith('_'));
  return Object.fromEntries(
    given.flatMap(([name, value]) => {
      if (!Object.hasOwn(table, name)) {
        throw new UnsupportedError(`option:${name}`);
      }
      const translated = translateValue(name, value);
      const key = table[name];
      return key === null ? [] : [[key, translated]];
    }),
  );
}

/**
 * @param {string} name
 * @param {number | string | boolean} value
 */
function translateValue(name, value) {
  if (typeof value === 'boolean') {
    return Number(value);
  }
  if (NAME_CODINGS.includes(name)) {
    return coding(name, String(value));
  }
  // A timer of Node that is longer fires at once, and no window may be longer.
  if (typeof value === 'number' && value > INT_MAX && !Object.hasOwn(SIZES, name)) {
    throw new UnsupportedError(`option:${name}`);
  }
  return value;
}

/**
 * @param {string} option
 * @param {string} name
 */
function coding(option, name) {
  if (!Object.hasOwn(CODINGS, name)) {
    throw new UnsupportedError(`option:${option}`);
  }
  return CODINGS[name];
}

/**
 * Where a listener binds, as grpc-js wants it said.
 * @param {Fields | null} transport
 */
export function bindAddress(transport) {
  switch (transport?.kind) {
    case 'tcp':
      return `${loopback(transport)}:0`;
    case 'uds':
      return `unix:${transport.uds.path}`;
    default:
      throw new CouldNotTryError('the listener has no transport that this peer knows');
  }
}

/**
 * Where a listener bound, as the contract wants it said.
 * @param {Fields} transport
 * @param {number} port
 */
export function boundAddress(transport, port) {
  return transport.kind === 'uds' ? transport.uds.path : `${loopback(transport)}:${port}`;
}

/** @param {Fields} transport */
function loopback({ tcp }) {
  return tcp.ipv6 ? '[::1]' : '127.0.0.1';
}
