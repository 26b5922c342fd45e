/**
 * Starts the peer `node-grpc-js`: `node grpc-js.js client|server`.
 * @module
 */

import { main } from './src/peer.js';

await main(process.argv.slice(2));
