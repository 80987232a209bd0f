export { compareDebVersions, verrevcmp } from './compare-deb.ts';
export { compareRpmVersions, rpmvercmp, type Ordering } from './compare-rpm.ts';
export { comparePackages, versionOfPackage, type FullyNamed } from './full-name.ts';
export { lastVersionTag } from './last-tag.ts';
export { comparePackageVersions, planVersion, requireNewer, versionText, type VersionPlan } from './plan.ts';
export { parseUpstreamVersion, type LetterVersion, type UpstreamVersion } from './upstream.ts';
