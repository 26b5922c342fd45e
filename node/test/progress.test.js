import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Latches } from '../src/latches.js';
import { Progress, stepDone } from '../src/progress.js';

test('a wait ends with its event, also with one that was there before', async () => {
  const progress = new Progress();
  const waiting = progress.wait('a');
  progress.happen('b');
  progress.happen('a');
  assert.equal(await waiting, true);
  assert.equal(await progress.wait('b'), true);
});

test('a wait ends with the call', async () => {
  const progress = new Progress();
  const waiting = [progress.wait('a'), progress.written(() => {}), progress.ended()];
  progress.end();
  assert.deepEqual(await Promise.all(waiting), [false, false, undefined]);
  assert.equal(progress.over, true);
});

test('a message is taken when the library says so without an error', async () => {
  const progress = new Progress();
  assert.equal(await progress.written((callback) => callback()), true);
  assert.equal(await progress.written((callback) => setImmediate(callback, null)), true);
  assert.equal(await progress.written((callback) => callback(new Error('closed'))), false);
});

test('a step waits for a latch of its own scope, or for a step of the other lane', async () => {
  const latches = new Latches();
  const progress = new Progress();
  const released = progress.waitStep({ event: 'released', released: 'go' }, latches, 'mine');
  const step = progress.waitStep({ event: 'step', step: 'sent' }, latches, 'mine');
  latches.release('other', 'go');
  progress.happen(stepDone('other'));
  let early = false;
  released.then(() => (early = true));
  await progress.written((callback) => setImmediate(callback, null));
  assert.equal(early, false);
  latches.release('mine', 'go');
  progress.happen(stepDone('sent'));
  assert.deepEqual(await Promise.all([released, step]), [true, true]);
});

test('a latch stays open until its scope ends', () => {
  const latches = new Latches();
  let calls = 0;
  const count = () => (calls += 1);
  latches.release('s', 'n');
  latches.whenReleased('s', 'n', count);
  assert.equal(calls, 1);
  latches.endScope('s');
  latches.whenReleased('s', 'n', count);
  assert.equal(calls, 1);
  latches.release('s', 'n');
  latches.release('s', 'n');
  assert.equal(calls, 2);
});
