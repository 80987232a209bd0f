import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { API_ROOT } from '../../api/index.ts';
import type { Needs } from '../gate.ts';

export const WORKER_ROOT = `${API_ROOT}/worker`;
export const ATTEMPT_ROOT = `${WORKER_ROOT}/attempts/:attempt`;

/** The token of a worker; what it may with an attempt is asked for the attempt. */
export const FOR_WORKERS: Needs = { beforeBody: 'worker.connect' };

export const attemptParams = z.strictObject({ attempt: z.coerce.number().int().min(1) });
export const leaseQuery = z.strictObject({ lease: z.coerce.number().int().min(1) });

/** For which attempt a worker asks, and as its holder under which lease. */
export function leaseOf(request: FastifyRequest) {
  const { attempt } = request.params as z.output<typeof attemptParams>;
  const { lease } = request.query as z.output<typeof leaseQuery>;
  return { principal: request.principal, attempt, lease };
}
