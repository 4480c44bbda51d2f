import { Option } from 'commander'

/** `--output=human|json`, the same for all that tell something. */
export function outputOption(): Option {
  return new Option('--output <form>', 'for people or for programs')
    .choices(['human', 'json'])
    .default('human')
}
