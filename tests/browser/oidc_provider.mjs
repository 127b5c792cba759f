// A certified OpenID Connect provider, oidc-provider, with a client for the console.
//
// node oidc_provider.mjs MODULES OPTIONS: a folder with node_modules, and JSON of port and origin (the
// console's). The path /control/settings changes the audience of access tokens, and the seconds for
// which the first of a sign-in holds; /control/revoke revokes all that people have granted; /control/requests lists the
// kinds of requests for tokens since it was asked before.
import { generateKeyPairSync } from 'node:crypto';
import { createRequire } from 'node:module';

const [modules, given] = process.argv.slice(2);
const { port, origin } = JSON.parse(given);
const settings = { audience: 'engine', seconds: 3600 };
const { Provider } = await import(createRequire(`${modules}/`).resolve('oidc-provider'));

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'one', use: 'sig', alg: 'RS256' };

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'console',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [`${origin}/console/`],
      post_logout_redirect_uris: [`${origin}/console/`],
    },
  ],
  jwks: { keys: [key] },
  cookies: { keys: ['of a test'] },
  conformIdTokenClaims: false,
  claims: { openid: ['sub'], profile: ['name'] },
  clientBasedCORS: (_ctx, from) => from === origin,
  extraTokenClaims: () => ({ endpoint_id: 'acme', part_id: 'sales', 'cognito:groups': ['finance', 'legal'] }),
  findAccount: (_ctx, id) => ({ accountId: id, claims: () => ({ sub: id, name: `${id} of Acme` }) }),
  issueRefreshToken: () => true,
  rotateRefreshToken: true,
  features: {
    revocation: { enabled: true },
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      getResourceServerInfo: (ctx) => ({
        scope: '',
        audience: settings.audience,
        accessTokenTTL: ctx.oidc.params?.grant_type === 'refresh_token' ? 3600 : settings.seconds,
        accessTokenFormat: 'jwt',
        jwt: { sign: { alg: 'RS256' } },
      }),
    },
  },
});

// What an administrator does.
const grants = new Set();
let requests = [];
provider.on('grant.success', (ctx) => grants.add(ctx.oidc.entities.Grant.jti));
provider.use(async (ctx, next) => {
  if (ctx.path === '/token' && ctx.method === 'POST') {
    await next();
    requests.push(`${ctx.oidc?.params?.grant_type} ${ctx.status}`);
    return;
  }
  if (ctx.path === '/favicon.ico') {
    ctx.status = 204;
    return;
  }
  if (!ctx.path.startsWith('/control/')) {
    await next();
    // Its pages want fonts of another machine, which no test reaches.
    if (typeof ctx.body === 'string') ctx.body = ctx.body.replace(/@import url[^;]*;/g, '');
    return;
  }
  if (ctx.path === '/control/settings') {
    if (ctx.query.audience) settings.audience = ctx.query.audience;
    if (ctx.query.seconds) settings.seconds = Number(ctx.query.seconds);
  }
  if (ctx.path === '/control/revoke') {
    for (const id of grants) {
      await provider.RefreshToken.revokeByGrantId(id);
      await (await provider.Grant.find(id))?.destroy();
    }
    grants.clear();
  }
  ctx.body = requests;
  if (ctx.path === '/control/requests') requests = [];
});

provider.listen(port, '127.0.0.1');
