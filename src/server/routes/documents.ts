import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { API_ROOT } from '../../api/index.ts';
import type { ServerContext } from '../context.ts';
import type { Documentation } from '../openapi.ts';

const DOCS = '/api/docs';
/** The page of the documentation styles itself in place; it shows nothing that strangers wrote. */
const DOCS_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/** The API's description of itself. Made when it is first asked for: what makes it takes more room than an idle server has. */
export function serveDocuments(app: FastifyInstance, { version }: ServerContext): void {
  let made: Promise<Documentation> | undefined;
  const documentation = () => (made ??= import('../openapi.ts').then(({ document }) => document(version, DOCS)));
  app.addHook('onClose', async () => {
    await (await made)?.close();
  });

  app.get(`${API_ROOT}/openapi.json`, { config: { needs: 'open' } }, async (_request, reply) =>
    reply.type('application/json').send((await documentation()).openapi),
  );
  const page = async (request: FastifyRequest, reply: FastifyReply) => {
    const { status, headers, body } = await (await documentation()).page(request.url);
    const type = headers['content-type'];
    void reply.code(status).header('content-security-policy', DOCS_POLICY);
    if (typeof type === 'string') void reply.type(type);
    if (typeof headers.location === 'string') void reply.header('location', headers.location);
    return reply.send(body);
  };
  for (const url of [DOCS, `${DOCS}/*`]) app.get(url, { config: { needs: 'open' } }, page);
}
