/** What a project, a target or a component can be called: names become directories and parts of addresses. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,99}$/;
