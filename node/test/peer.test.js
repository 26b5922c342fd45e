import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import http2 from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  call,
  frame,
  HELLO,
  LIMIT,
  Peer,
  SAY_HELLO,
  serve,
  started,
  TCP,
  WORLD,
} from './driver.js';

const BROKEN = 70;
const HELD = [{ send: [{ wait: { released: 'go' } }, WORLD] }];

for (const api of ['API_IDIOMATIC', 'API_STREAM']) {
  test(`a greeting over a Unix socket, ${api}`, LIMIT, async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'wirecheck-'));
    context.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'socket');
    const services = ['Greeter', 'helloworld.Greeter'];
    const { server, client } = await serve(context, { services, transport: { uds: { path } } });
    call(client, { api });
    const { result } = (await client.event('report')).report;
    assert.deepEqual([result.status, result.messages[0].head], [0, HELLO]);
    const { handled } = await server.event('handled');
    assert.equal(handled.messages[0].head.toString(), '\x0a\x05World');
    assert.deepEqual(
      [handled.number, handled.request_end, handled.call_end],
      ['1', 'REQUEST_END_HALF_CLOSED', 'CALL_END_RETURNED'],
    );
    assert.deepEqual(
      [await client.end(), await server.end()],
      Array(2).fill({ status: 0, log: '' }),
    );
    assert.equal(existsSync(path), false);
  });
}

test('a script has two lanes, which wait for each other', LIMIT, async (context) => {
  const shape = 'SHAPE_BIDIRECTIONAL';
  const send = [{ wait: { step: 'had one' } }, { name: 'answered', ...WORLD }];
  const receive = [{ name: 'had one', receive: { count: 1 } }, { receive: {} }];
  const { server, client } = await serve(context, {
    scripts: [{ ...SAY_HELLO, shape, scripts: [{ send, receive }] }],
  });
  const sends = [WORLD, { wait: { step: 'greeted' } }, WORLD, WORLD];
  call(client, { shape, send: sends, receive: [{ name: 'greeted', receive: { count: 1 } }] });
  const { result } = (await client.event('report')).report;
  assert.deepEqual([result.status, result.message_count, result.stood_at_send], [0, '1', 4]);
  const { handled } = await server.event('handled');
  assert.deepEqual([handled.message_count, handled.call_end], ['3', 'CALL_END_RETURNED']);
  const steps = [await server.event('reached'), await server.event('reached')];
  assert.deepEqual(
    steps.map(({ reached }) => reached.step),
    ['had one', 'answered'],
  );
});

test('a panic at once is answered, and a later one never', LIMIT, async (context) => {
  const panic = { panic: { message: 'by order' } };
  const scripts = [{ send: [panic] }, { send: [{ wait: { released: 'go' } }, panic] }];
  const { server, client } = await serve(context, { scripts: [{ ...SAY_HELLO, scripts }] });
  call(client);
  const { result } = (await client.event('report')).report;
  assert.deepEqual([result.status, result.message], [2, 'Unknown error']);
  call(client, { call: '2' });
  await server.event('began');
  await server.event('began');
  server.order({ release: { scope: '', name: 'go' } });
  for (const _ of [1, 2]) {
    assert.equal((await server.event('handled')).handled.call_end, 'CALL_END_PANICKED');
  }
  client.order({ abort: { call: '2' } });
  assert.equal((await client.event('report')).report.result.aborted, true);
  const { status, log } = await server.end();
  assert.equal(status, 0);
  assert.match(log, /a handler panicked when grpc-js no longer looked: by order/);
});

test('unlisten ends what runs, and nothing comes after it', LIMIT, async (context) => {
  const { server, client } = await serve(context, { scripts: [{ ...SAY_HELLO, scripts: HELD }] });
  call(client);
  await server.event('began');
  server.order({ unlisten: { listener: '1' } });
  assert.equal((await server.event('unlistened')).unlistened.still_running, 0);
  assert.deepEqual(server.left, ['handled']);
  assert.equal((await server.event('handled')).handled.call_end, 'CALL_END_CANCELLED');
  assert.notEqual((await client.event('report')).report.result.status, 0);
});

test('the settings of a listener are on the line', LIMIT, async (context) => {
  const server = await started(context, 'server');
  const options = { max_concurrent_streams: 7 };
  const services = ['Greeter'];
  server.order({ listen: { listener: '1', transport: TCP, services, options } });
  const { address } = (await server.event('listening')).listening;
  const session = http2.connect(`http://${address}`);
  context.after(() => session.destroy());
  const [settings] = await once(session, 'remoteSettings');
  assert.equal(settings.maxConcurrentStreams, 7);
});

test('the settings and headers of a channel are on the line', LIMIT, async (context) => {
  const line = http2.createServer();
  context.after(() => line.close());
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (line.address());
  const client = await started(context, 'client');
  const options = {
    initial_stream_window: 234_567,
    authority: 'example.test:99',
    user_agent: 'mine/1',
  };
  client.order({ open: { channel: '1', target: `127.0.0.1:${port}`, options } });
  call(client, { timeout_ns: '60000000000' });
  const [stream, headers] = await once(line, 'stream');
  const { session } = stream;
  context.after(() => session.destroy());
  assert.equal(session.remoteSettings.initialWindowSize, 234_567);
  assert.equal(headers[':authority'], 'example.test:99');
  assert.match(headers['user-agent'], /^mine\/1 grpc-node-js\//);
  assert.match(headers['grpc-timeout'], /^(60S|\d{5}m)$/);
  client.order({ abort: { call: '1' } });
  assert.equal((await client.event('report')).report.result.status, 1);
});

test('stdin is read while nobody reads stdout', LIMIT, async (context) => {
  const client = await started(context, 'client');
  client.process.stdout.pause();
  const count = 20_000; // Answers of more bytes than all buffers between two processes hold.
  for (let channel = 1; channel <= count; channel += 1) {
    client.order({ close: { channel: String(channel) } });
  }
  // The last bytes have left this process when the peer has taken nearly all before them.
  await new Promise((resolve) => client.process.stdin.write(frame({ stop: {} }), resolve));
  client.process.stdout.resume();
  assert.deepEqual(await client.end(), { status: 0, log: '' });
});

test('a signal and the end of stdin end it in the middle of a call', LIMIT, async (context) => {
  const { server, client } = await serve(context, { scripts: [{ ...SAY_HELLO, scripts: HELD }] });
  call(client, { receive: [{ wait: { released: 'never' } }] });
  await server.event('began');
  server.process.kill('SIGTERM');
  assert.deepEqual(await server.exit(), { status: 0, log: '' });
  assert.deepEqual(await client.end(), { status: 0, log: '' });
});

test('a broken contract ends it', LIMIT, async (context) => {
  const stop = frame({ stop: {} });
  const cases = {
    text: [Buffer.from('Hello, World\n'), /broken contract: an envelope begins with 65 6c/],
    'before start': [stop, /broken contract: stop came before start/],
    'inside a frame': [stop.subarray(0, -1), /broken contract: stdin ended inside a frame/],
  };
  for (const [name, [bytes, expected]] of Object.entries(cases)) {
    await context.test(name, LIMIT, async (context) => {
      const peer = new Peer('server');
      context.after(() => peer.kill());
      peer.process.stdin.write(/** @type {Buffer} */ (bytes));
      const { status, log } = await peer.end();
      assert.equal(status, BROKEN);
      assert.match(log, /** @type {RegExp} */ (expected));
    });
  }
});

test('a role that there is not is a wrong command line', LIMIT, async () => {
  const { status, log } = await new Peer('neither').end();
  assert.deepEqual([status, log], [2, 'usage: PEER client|server\n']);
});
