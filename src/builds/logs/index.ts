export { isLogName, listLogs, logPath, PACKED, type LogName } from './names.ts';
export { packDirectory, packLogs } from './pack.ts';
export { logBytes, openLog, readLogBytes, type OpenLog } from './read.ts';
export { wholeCharacters } from './whole-characters.ts';
