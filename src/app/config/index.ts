export { CONFIG_NAME, findConfig, SYSTEM_CONFIG } from './find.ts';
export { initialise, SCHEMA_FILE } from './init.ts';
export { initialConfig } from './initial.ts';
export { configJsonSchema } from './json-schema.ts';
export { checkConfig, loadSettings, type CheckedConfig, type LoadOptions } from './load.ts';
export { ConfigError, describeMistake, type Mistake } from './mistakes.ts';
export { configurationReference } from './reference.ts';
export { keyDirectory } from './signing.ts';
export { BUILDERS, type BuilderFormats } from './targets.ts';
