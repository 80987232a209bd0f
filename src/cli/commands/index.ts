import type { Command } from '../command.ts';
import { configCheck } from './config-check.ts';
import { configSchema } from './config-schema.ts';
import { init } from './init.ts';

/** Every command, in the order that help shows them. */
export const COMMANDS: readonly Command[] = [init, configCheck, configSchema];
