/**
 * The built-in services, found as a user of grpc-js has them: in what proto-loader made of a schema,
 * or in the packages that come with the library.
 * @module
 */

import { createRequire } from 'node:module';
import { PROTO } from './contract.js';
import { CouldNotTryError, UnsupportedError } from './errors.js';
import { implementation as testImplementation } from './testservice.js';

/** @typedef {import('@grpc/grpc-js').ServiceDefinition} ServiceDefinition */
/** @typedef {import('@grpc/grpc-js').UntypedServiceImplementation} Implementation */
/** @typedef {import('@grpc/proto-loader').PackageDefinition} PackageDefinition */
/** @typedef {{ definition: ServiceDefinition, implementation: Implementation }} Service */

const TEST = 'grpc.testing.TestService';
const HEALTH = 'grpc.health.v1.Health';
const REFLECTION = 'grpc.reflection.v1.ServerReflection';
const REFLECTION_ALPHA = 'grpc.reflection.v1alpha.ServerReflection';

// Only what a listener serves is loaded: a peer must start fast.
const load = createRequire(import.meta.url);

const greeting = once(() => ['hello.proto', 'helloworld.proto'], {});
// Not `defaults`: protobufjs would encode them, also in what is reported.
const testing = once(() => 'grpc/testing/test.proto', { arrays: true });
const checking = once(() => load('grpc-health-check').protoPath, {});

/** Full name of a service -> how to serve it, beside all others of the listener. */
const SERVICES = /** @type {Record<string, (names: string[]) => Service>} */ ({
  Greeter: () => greeter('Greeter'),
  'helloworld.Greeter': () => greeter('helloworld.Greeter'),
  [TEST]: testService,
  [HEALTH]: health,
  [REFLECTION]: (names) => reflection(REFLECTION, names),
  [REFLECTION_ALPHA]: (names) => reflection(REFLECTION_ALPHA, names),
});

export const NAMES = Object.keys(SERVICES);

/**
 * What both greeters answer.
 * @param {{ name?: string }} request
 */
export function greet(request) {
  return { message: `Hello, ${request.name ?? ''}` };
}

/**
 * The greeter with this full name.
 * @param {string} name
 * @returns {Service}
 */
function greeter(name) {
  const definition = /** @type {ServiceDefinition} */ (greeting()[name]);
  const SayHello = (/** @type {any} */ call, /** @type {any} */ callback) =>
    callback(null, greet(call.request));
  return { definition, implementation: { SayHello } };
}

/** The server of the official interop tests. */
function testService() {
  const definition = /** @type {ServiceDefinition} */ (testing()[TEST]);
  return { definition, implementation: testImplementation };
}

/**
 * What proto-loader makes of a schema, once it is needed.
 * @param {() => string | string[]} files
 * @param {import('@grpc/proto-loader').Options} options
 * @returns {() => PackageDefinition}
 */
function once(files, options) {
  /** @type {PackageDefinition | undefined} */
  let loaded;
  return () => {
    loaded ??= load('@grpc/proto-loader').loadSync(files(), {
      includeDirs: [PROTO],
      ...options,
    });
    return /** @type {PackageDefinition} */ (loaded);
  };
}

/**
 * Says of every service of the listener, and of the whole, that it serves.
 * @param {string[]} names
 */
function health(names) {
  const { HealthImplementation } = load('grpc-health-check');
  const serving = Object.fromEntries(
    ['', ...names].map((name) => [name, /** @type {const} */ ('SERVING')]),
  );
  return collected(HEALTH, new HealthImplementation(serving));
}

/**
 * Tells of those services of the listener that have a schema here.
 * @param {string} version
 * @param {string[]} names
 */
function reflection(version, names) {
  const { ReflectionService } = load('@grpc/reflection');
  const loaded = { ...greeting(), ...testing(), ...checking() };
  // A service without a package has a name with a dot before it in protobufjs' descriptors.
  const services = names.flatMap((name) => [name, `.${name}`]);
  return collected(version, new ReflectionService(loaded, { services }));
}

/**
 * What a package adds to a server under this name.
 * @param {string} name
 * @param {{ addToServer: (server: any) => void }} service
 * @returns {Service}
 */
function collected(name, service) {
  /** @type {Service[]} */
  const added = [];
  const addService = (
    /** @type {ServiceDefinition} */ definition,
    /** @type {Implementation} */ implementation,
  ) => added.push({ definition, implementation });
  service.addToServer({ addService });
  const found = added.find(({ definition }) => paths(definition)[0].startsWith(`/${name}/`));
  return /** @type {Service} */ (found);
}

/** @param {ServiceDefinition} definition */
function paths(definition) {
  return Object.values(definition).map(({ path }) => path);
}

/**
 * The services of a listener whose scripts have taken some paths.
 * @param {string[]} names
 * @param {Map<string, unknown>} taken
 */
export function services(names, taken) {
  for (const name of names) {
    if (!NAMES.includes(name)) {
      throw new UnsupportedError(`service:${name}`);
    }
  }
  const found = names.map((name) => SERVICES[name](names));
  for (const path of found.flatMap(({ definition }) => paths(definition))) {
    if (taken.has(path)) {
      throw new CouldNotTryError(`${path} has both a service and scripts`);
    }
  }
  return found;
}
