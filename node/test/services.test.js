import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { protoPath } from 'grpc-health-check';
import { PROTO } from '../src/contract.js';
import { NAMES } from '../src/services.js';
import { Peer } from './driver.js';

/** @typedef {import('node:test').TestContext} TestContext */

const LIMIT = { timeout: 30_000 };
const OPTIONS = { includeDirs: [PROTO], keepCase: true, defaults: true, enums: String };
const TEST = 'grpc.testing.TestService';
const HEALTH = 'grpc.health.v1.Health';
const INITIAL = 'x-grpc-test-echo-initial';
const TRAILING = 'x-grpc-test-echo-trailing-bin';

/** A client of this schema's service, and the peer that serves it and all others. */
async function serve(
  /** @type {TestContext} */ context,
  /** @type {string} */ file,
  /** @type {string} */ name,
) {
  const server = new Peer('server');
  context.after(() => server.kill());
  await server.start();
  server.order({ listen: { listener: '1', transport: { tcp: {} }, services: NAMES } });
  const { address } = (await server.event('listening')).listening;
  const definition = protoLoader.loadSync(file, OPTIONS)[name];
  const Client = grpc.makeClientConstructor(/** @type {any} */ (definition), name);
  /** @type {any} */
  const client = new Client(address, grpc.credentials.createInsecure());
  context.after(() => client.close());
  const handled = async () => (await server.event('handled')).handled;
  return { server, client, handled };
}

/** @param {(callback: (...rest: any[]) => void) => any} begin */
async function unary(begin) {
  /** @type {import('@grpc/grpc-js').Metadata | undefined} */
  let leading;
  const [error, response] = await new Promise((resolve) => {
    begin((...outcome) => resolve(outcome)).on('metadata', (/** @type {any} */ given) => {
      leading = given;
    });
  });
  return { error, response, leading };
}

test('a unary call is answered as its request says', LIMIT, async (context) => {
  const { client, handled } = await serve(context, 'grpc/testing/test.proto', TEST);
  const metadata = new grpc.Metadata();
  metadata.set(INITIAL, 'value');
  metadata.set(TRAILING, Buffer.from('ababab', 'hex'));
  const request = { response_size: 314_159, payload: { body: Buffer.alloc(271_828) } };
  const { response, leading } = await unary((back) => client.UnaryCall(request, metadata, back));
  assert.equal(response.payload.body.length, 314_159);
  assert.deepEqual(leading?.get(INITIAL), ['value']);
  const { messages, call_end } = await handled();
  assert.deepEqual([messages[0].length, call_end], ['271840', 'CALL_END_RETURNED']);
  const status = { response_status: { code: 2, message: 'as ordered' } };
  const { error } = await unary((back) => client.UnaryCall(status, metadata, back));
  assert.deepEqual([error.code, error.details], [2, 'as ordered']);
  assert.deepEqual(error.metadata.get(TRAILING), [Buffer.from('ababab', 'hex')]);
});

test('what the server cannot do is refused', LIMIT, async (context) => {
  const { server, client } = await serve(context, 'grpc/testing/test.proto', TEST);
  const unseen = await unary((back) =>
    client.UnaryCall({ expect_compressed: { value: true } }, back),
  );
  assert.equal(unseen.error, null);
  const compressed = { response_compressed: { value: true } };
  const unmet = await unary((back) => client.UnaryCall(compressed, back));
  assert.equal(unmet.error.code, grpc.status.UNIMPLEMENTED);
  const { error } = await unary((back) => client.UnaryCall({ response_size: -1 }, back));
  assert.equal(error.code, grpc.status.INVALID_ARGUMENT);
  const router = await unary((back) => client.UnimplementedCall({}, back));
  assert.equal(router.error.code, grpc.status.UNIMPLEMENTED);
  for (let began = 0; began < 3; began += 1) {
    await server.event('began');
    await server.event('handled');
  }
  assert.deepEqual(server.left, []);
});

test('streams are summed up and answered', LIMIT, async (context) => {
  const { client, handled } = await serve(context, 'grpc/testing/test.proto', TEST);
  const sizes = [31_415, 9, 2_653, 58_979];
  const { response } = await unary((back) => {
    const call = client.StreamingInputCall(back);
    [27_182, 8, 1_828, 45_904].forEach((size) =>
      call.write({ payload: { body: Buffer.alloc(size) } }),
    );
    call.end();
    return call;
  });
  assert.equal(response.aggregated_payload_size, 74_922);
  const { message_count, request_end } = await handled();
  assert.deepEqual([message_count, request_end], ['4', 'REQUEST_END_HALF_CLOSED']);
  const parameters = { response_parameters: sizes.map((size) => ({ size, interval_us: 1 })) };
  for (const call of [
    client.StreamingOutputCall(parameters),
    client.FullDuplexCall(),
    client.HalfDuplexCall(),
  ]) {
    call.end?.(parameters);
    const answers = await call.toArray();
    assert.deepEqual(
      answers.map((/** @type {any} */ { payload }) => payload.body.length),
      sizes,
    );
    assert.equal((await handled()).call_end, 'CALL_END_RETURNED');
  }
});

test('a duplex call answers each request before the next', LIMIT, async (context) => {
  const { client, handled } = await serve(context, 'grpc/testing/test.proto', TEST);
  const call = client.FullDuplexCall();
  for (const size of [1, 2]) {
    call.write({ response_parameters: [{ size }] });
    const [answer] = await once(call, 'data');
    assert.equal(answer.payload.body.length, size);
  }
  call.on('error', () => {});
  call.cancel();
  // Whether it was told of the end of the stream or of the cancellation first is grpc-js' to say.
  assert.equal((await handled()).message_count, '2');
});

test('every service of the listener serves, and no other is known', LIMIT, async (context) => {
  const { server, client, handled } = await serve(context, protoPath, HEALTH);
  for (const service of ['', 'Greeter', TEST]) {
    const { response } = await unary((back) => client.Check({ service }, back));
    assert.equal(response.status, 'SERVING');
  }
  const { error } = await unary((back) => client.Check({ service: 'Nobody' }, back));
  assert.equal(error.code, grpc.status.NOT_FOUND);
  const watch = client.Watch({ service: 'Nobody' });
  watch.on('error', () => {});
  assert.equal((await once(watch, 'data'))[0].status, 'SERVICE_UNKNOWN');
  server.order({ unlisten: { listener: '1' } });
  assert.equal((await server.event('unlistened')).unlistened.still_running, 0);
  for (let unaries = 0; unaries < 4; unaries += 1) {
    assert.equal((await handled()).method, '/grpc.health.v1.Health/Check');
  }
  assert.equal((await handled()).call_end, 'CALL_END_CANCELLED');
});

for (const version of ['v1', 'v1alpha']) {
  test(`reflection ${version} lists the services and shows their files`, LIMIT, async (context) => {
    const folder = new URL('../node_modules/@grpc/reflection/build/proto/', import.meta.url);
    const file = new URL(`grpc/reflection/${version}/reflection.proto`, folder).pathname;
    const name = `grpc.reflection.${version}.ServerReflection`;
    const { client } = await serve(context, file, name);
    const call = client.ServerReflectionInfo();
    const ask = async (/** @type {object} */ request) => {
      call.write(request);
      return (await once(call, 'data'))[0];
    };
    const { list_services_response: list } = await ask({ list_services: '*' });
    const listed = list.service.map((/** @type {any} */ { name }) => name.replace(/^[.]/, ''));
    assert.deepEqual(listed.sort(), ['Greeter', HEALTH, TEST, 'helloworld.Greeter'].sort());
    const symbol = await ask({ file_containing_symbol: TEST });
    assert.ok(symbol.file_descriptor_response.file_descriptor_proto.length > 0);
    const nobody = await ask({ file_containing_symbol: 'Nobody' });
    assert.equal(nobody.error_response.error_code, grpc.status.NOT_FOUND);
    call.end();
    await once(call, 'end');
  });
}
