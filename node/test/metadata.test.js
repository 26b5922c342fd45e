import assert from 'node:assert/strict';
import { test } from 'node:test';
import grpc from '@grpc/grpc-js';
import * as metadata from '../src/metadata.js';

test('text and bytes pass both ways, with the order within a key', () => {
  const entries = [
    { key: 'x-text', value: Buffer.from('first') },
    { key: 'x-text', value: Buffer.from('second') },
    { key: 'x-blob-bin', value: Buffer.from([0, 0xff]) },
    { key: 'x-blob-bin', value: Buffer.alloc(0) },
    { key: 'x-empty', value: Buffer.alloc(0) },
  ];
  assert.deepEqual(metadata.fromMetadata(metadata.toMetadata(entries)), entries);
});

test('text that is no legal value is refused', () => {
  const illegal = [{ key: 'x', value: Buffer.from('sûr') }];
  assert.throws(() => metadata.toMetadata(illegal), /illegal characters/);
});

test('metadata that would fill an envelope is cut', () => {
  const given = new grpc.Metadata();
  const value = 'x'.repeat(600 * 1024);
  given.add('a', value);
  given.add('b', value);
  assert.deepEqual(
    metadata.fromMetadata(given).map(({ key }) => key),
    ['a'],
  );
});

test('a status sends its details under the key for them, and only if it has some', () => {
  const why = { key: 'x-why', value: Buffer.from('closed') };
  const details = Buffer.from([8, 9]);
  const entries = metadata.fromMetadata(metadata.trailing({ trailing: [why], details }));
  assert.deepEqual(entries, [why, { key: 'grpc-status-details-bin', value: details }]);
  assert.deepEqual(metadata.statusDetails(entries), details);
  const none = metadata.trailing({ trailing: [], details: Buffer.alloc(0) });
  assert.deepEqual(metadata.fromMetadata(none), []);
  assert.deepEqual(metadata.statusDetails([why]), Buffer.alloc(0));
});

test('what has no metadata has no entries', () => {
  assert.deepEqual(metadata.fromMetadata(undefined), []);
});
