// The version that this code calls itself; a test holds it against package.json.

/** Semantic version of the release. */
export const VERSION = '0.1.0'
