export { hash } from '../resources/fields.ts';
export * from './exchange.ts';
export * from './order.ts';
