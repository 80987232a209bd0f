export {
  endPassedPins,
  pinProject,
  pinsOf,
  unpinProject,
  type PinnedVersion,
  type PinOrder,
  type Unpinned,
} from './pin.ts';
