export { openArrivals, type Arrival, type Arrivals, type MissingFile } from './arriving.ts';
export { listContents, showPackages, type ContentView, type PackageView } from './show.ts';
export { describeUploaded, uploadPackages, type Uploaded, type UploadRequest } from './upload.ts';
