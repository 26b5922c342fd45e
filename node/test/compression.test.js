import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { test } from 'node:test';
import zlib from 'node:zlib';
import { call, HELLO, LIMIT, SAY_HELLO, serve, started, WORLD } from './driver.js';

/** @typedef {import('../src/contract.js').Fields} Fields */
/** @typedef {import('node:test').TestContext} TestContext */

const REQUEST = WORLD.message.pieces[0].bytes;
const UNCOMPRESSED = { ...WORLD, uncompressed: true };
const BIDIRECTIONAL = { shape: 'SHAPE_BIDIRECTIONAL' };

/** Undoes a coding, with what Node has for it. */
const DECODE = /** @type {const} */ ({ gzip: zlib.gunzipSync, deflate: zlib.inflateSync });

/** A client with a channel to a server that is not of grpc-js and shows what came over the line. */
async function channel(/** @type {TestContext} */ context, /** @type {Fields} */ options) {
  const line = http2.createServer();
  context.after(() => line.close());
  await once(line.listen(0, '127.0.0.1'), 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (line.address());
  const client = await started(context, 'client');
  client.order({ open: { channel: '1', target: `127.0.0.1:${port}`, options } });
  await client.event('opened');
  return { line, client };
}

/** The coding and the messages of the next call, which is answered in gzip. */
async function received(/** @type {http2.Http2Server} */ line) {
  const [stream, headers] = await once(line, 'stream');
  const parts = await stream.toArray();
  stream.respond(
    { 'content-type': 'application/grpc', 'grpc-encoding': 'gzip' },
    { waitForTrailers: true },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(prefixed(1, zlib.gzipSync(HELLO)));
  return { coding: headers['grpc-encoding'], messages: split(Buffer.concat(parts)) };
}

/** @param {number} flag @param {Buffer} data */
function prefixed(flag, data) {
  const prefix = Buffer.alloc(5, flag);
  prefix.writeUInt32BE(data.length, 1);
  return Buffer.concat([prefix, data]);
}

/**
 * @param {Buffer} data
 * @returns {{ flag: number, data: Buffer }[]}
 */
function split(data) {
  if (data.length === 0) {
    return [];
  }
  const end = 5 + data.readUInt32BE(1);
  return [{ flag: data[0], data: data.subarray(5, end) }, ...split(data.subarray(end))];
}

for (const coding of /** @type {const} */ (['gzip', 'deflate'])) {
  for (const api of ['API_IDIOMATIC', 'API_STREAM']) {
    test(`a channel compresses its requests, ${coding}, ${api}`, LIMIT, async (context) => {
      const { line, client } = await channel(context, { compression: coding });
      call(client, { api });
      const { coding: said, messages } = await received(line);
      assert.deepEqual([said, messages.length, messages[0].flag], [coding, 1, 1]);
      assert.deepEqual(DECODE[coding](messages[0].data), REQUEST);
      const { result } = (await client.event('report')).report;
      assert.deepEqual([result.status, result.messages[0]?.head], [0, HELLO]);
    });
  }
}

test('a channel without a coding compresses nothing', LIMIT, async (context) => {
  const { line, client } = await channel(context, { accept_compression: 'gzip' });
  call(client);
  const { coding, messages } = await received(line);
  assert.deepEqual([coding, messages], [undefined, [{ flag: 0, data: REQUEST }]]);
  assert.deepEqual((await client.event('report')).report.result.messages[0].head, HELLO);
});

test('single messages can be left uncompressed, in every form of call', LIMIT, async (context) => {
  const { line, client } = await channel(context, { compression: 'gzip' });
  const cases = [
    [{ send: [UNCOMPRESSED] }, [0]],
    [{ send: [WORLD] }, [1]],
    [{ send: [UNCOMPRESSED], shape: 'SHAPE_SERVER_STREAMING' }, [0]],
    [{ send: [UNCOMPRESSED, WORLD], shape: 'SHAPE_CLIENT_STREAMING' }, [0, 1]],
    [{ send: [WORLD, UNCOMPRESSED, WORLD], ...BIDIRECTIONAL }, [1, 0, 1]],
    [{ send: [UNCOMPRESSED], api: 'API_STREAM' }, [0]],
  ];
  for (const [index, [changes, flags]] of /** @type {[Fields, number[]][]} */ (cases).entries()) {
    call(client, { call: String(index + 1), ...changes });
    const { coding, messages } = await received(line);
    assert.equal(coding, 'gzip');
    assert.deepEqual(
      messages.map(({ flag }) => flag),
      flags,
    );
    assert.equal((await client.event('report')).report.result.status, 0);
  }
});

test(
  'a listener takes what is compressed, and cannot be told to compress',
  LIMIT,
  async (context) => {
    const { shape } = BIDIRECTIONAL;
    const listen = {
      options: { accept_compression: 'gzip' },
      scripts: [{ ...SAY_HELLO, shape, scripts: [{ send: [WORLD], receive: [{ receive: {} }] }] }],
    };
    const open = { options: { compression: 'gzip' } };
    const { server, client } = await serve(context, listen, open);
    call(client, { shape, send: [WORLD, UNCOMPRESSED] });
    assert.equal((await client.event('report')).report.result.status, 0);
    const { messages } = (await server.event('handled')).handled;
    assert.deepEqual(
      messages.map((/** @type {Fields} */ { head, compressed }) => [head, compressed]),
      Array(2).fill([REQUEST, undefined]),
    );
    server.order({ listen: { ...listen, listener: '2', options: { compression: 'gzip' } } });
    const { refused } = await server.event('refused');
    assert.equal(refused.unsupported.feature, 'option:compression');
  },
);
