// Serve the provider on one loopback port until the parent ends it.
import { createServer } from 'node:http';

import { bench, provider } from './provider.js';

const { hostname, port } = new URL(bench.issuer);
createServer(provider.callback()).listen(Number(port), hostname);
provider.on('server_error', (ctx, error) => console.error(error));
