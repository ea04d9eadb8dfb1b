/** @returns The text with "?" for control characters: one that a file brought would steer the terminal. */
export const printable = (text: string): string => text.replace(/\p{Cc}/gu, "?");
