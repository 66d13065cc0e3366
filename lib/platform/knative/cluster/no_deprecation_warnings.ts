import process from "node:process";

/**
 * To be imported before the Kubernetes library, which loads a module of Node's that is
 * deprecated (punycode, through node-fetch); its warning would stand in every run's output.
 */
Object.assign(process, { noDeprecation: true });
