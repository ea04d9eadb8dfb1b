import process from "node:process";

/**
 * Processor time that this program has used, in seconds: what one core would need, helpers of the runtime included, whatever
 * else the machine does.
 */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
