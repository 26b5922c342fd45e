import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UnsupportedError } from '../src/errors.js';
import * as options from '../src/options.js';

/** @param {() => unknown} action */
function unsupported(action) {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof UnsupportedError);
    return error.feature;
  }
  return assert.fail('nothing was refused');
}

test('what is unset is left to the library', () => {
  assert.deepEqual(options.serverOptions(null), {});
  assert.deepEqual(options.serverOptions({}), {});
});

test('a channel shares no connection and knows no proxy', () => {
  assert.deepEqual(options.channelOptions(null), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
  });
});

test('what is set reaches the library, also where it is zero or false', () => {
  const given = {
    max_send_message_size: 0,
    _max_send_message_size: 'max_send_message_size',
    max_receive_message_size: 2 ** 32 - 1,
    _max_receive_message_size: 'max_receive_message_size',
  };
  assert.deepEqual(options.serverOptions(given), {
    'grpc.max_send_message_length': 0,
    'grpc.max_receive_message_length': 2 ** 32 - 1,
  });
  const channel = options.channelOptions({ keepalive_without_calls: false, user_agent: 'mine' });
  assert.equal(channel['grpc.keepalive_permit_without_calls'], 0);
  assert.equal(channel['grpc.primary_user_agent'], 'mine');
});

test('what cannot be honoured is refused by its name', () => {
  for (const name of ['max_header_list_size', 'initial_stream_window', 'min_ping_interval_ms']) {
    assert.equal(
      unsupported(() => options.serverOptions({ [name]: 1 })),
      `option:${name}`,
    );
  }
  const window = { initial_connection_window: 70_000 };
  assert.equal(
    unsupported(() => options.channelOptions(window)),
    'option:initial_connection_window',
  );
});

test('a coding is one of the library, or refused by the name of its option', () => {
  const channel = options.channelOptions({ compression: 'gzip', accept_compression: 'deflate' });
  assert.equal(channel['grpc.default_compression_algorithm'], 2);
  assert.deepEqual(options.serverOptions({ accept_compression: 'gzip' }), {});
  for (const [action, option] of /** @type {[() => unknown, string][]} */ ([
    [() => options.channelOptions({ compression: 'snappy' }), 'compression'],
    [() => options.channelOptions({ accept_compression: 'snappy' }), 'accept_compression'],
    [() => options.serverOptions({ accept_compression: 'snappy' }), 'accept_compression'],
    [() => options.serverOptions({ compression: 'gzip' }), 'compression'],
  ])) {
    assert.equal(unsupported(action), `option:${option}`);
  }
});

test('the name of a server is asked for where there is TLS', () => {
  const asked = options.channelOptions(null, { server_name: 'server.test' });
  assert.equal(asked['grpc.ssl_target_name_override'], 'server.test');
});

test('a time that no timer can wait for is refused', () => {
  const ages = { max_connection_age_ms: 2 ** 31 };
  assert.equal(
    unsupported(() => options.serverOptions(ages)),
    'option:max_connection_age_ms',
  );
});

test('a listener binds to a port of the system or to the given path', () => {
  const uds = { kind: 'uds', uds: { path: '/tmp/x' } };
  const ipv6 = { kind: 'tcp', tcp: { ipv6: true } };
  assert.equal(options.bindAddress({ kind: 'tcp', tcp: {} }), '127.0.0.1:0');
  assert.equal(options.bindAddress(ipv6), '[::1]:0');
  assert.equal(options.bindAddress(uds), 'unix:/tmp/x');
  assert.equal(options.boundAddress({ kind: 'tcp', tcp: {} }, 4711), '127.0.0.1:4711');
  assert.equal(options.boundAddress(ipv6, 4711), '[::1]:4711');
  assert.equal(options.boundAddress(uds, 1), '/tmp/x');
  assert.throws(() => options.bindAddress(null), /no transport that this peer knows/);
});
