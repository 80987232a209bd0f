export { createClient, type Client } from './client/index.ts';
export * from './paging.ts';
export * from './problem.ts';
export * from './resources/index.ts';
export {
  API_ROOT,
  ROUTES,
  type Answer,
  type Body,
  type Params,
  type Query,
  type Route,
  type RouteName,
  type Routes,
} from './routes.ts';
export * from './worker/index.ts';
