import { timingSafeEqual } from 'node:crypto';
import { sha256 } from '../lib/index.ts';
import type { Authenticate, Principal } from '../model/access/index.ts';
import { readAuthorization } from './authorization.ts';
import { makeToken } from './token-text.ts';

export interface LocalLogin {
  /** For those on the machine who could write to the database anyway; good for as long as this process runs. */
  secret: string;
  authenticate: Authenticate;
}

/**
 * Lets in, besides whom `authenticate` does, whoever has a secret made here, as an administrator under the name they give: what they do is written down
 * as it is when they do it without a server. The secret is kept in memory only, so that nothing of it is good after the end of the process.
 */
export function withLocalLogin(authenticate: Authenticate): LocalLogin {
  const secret = makeToken('user');
  const digest = Buffer.from(sha256(secret));
  return {
    secret,
    authenticate: async (credentials, now) => {
      const login = readAuthorization(credentials.authorization);
      if (login.kind === 'token' && timingSafeEqual(Buffer.from(sha256(login.token)), digest))
        return localPrincipal(login.user);
      return authenticate(credentials, now);
    },
  };
}

function localPrincipal(user: string | null): Principal {
  const name = user !== null && /^[A-Za-z0-9_][A-Za-z0-9._@+-]{0,99}$/.test(user) ? user : 'local';
  return { name, kind: 'user', grants: [{ role: 'admin' }] };
}
