import { Command } from 'commander'
import { EngineError } from '../base/errors'
import { inspectChain, inspectImage } from '../image/inspect'
import type { ChainInfo } from '../model/image'
import { absolute, type Cli } from './cli'
import { layerJson, layerText } from './layer-info'
import { outputOption } from './output-option'

interface Options {
  readonly output: 'human' | 'json'
  readonly backingChain: boolean
}

export function infoCommand(cli: Cli): Command {
  return new Command('info')
    .description('Tell what an image is.')
    .argument('<file>')
    .addOption(outputOption())
    .option('--backing-chain', 'tell of all layers, top first', false)
    .action(async (file: string, options: Options) => {
      await info(cli, file, options)
    })
}

/** With a chain that is broken further down, what can be opened is told before the error. */
async function info(cli: Cli, file: string, options: Options): Promise<void> {
  const { layers, problem } = await inspect(cli, absolute(cli, file), options)
  if (options.output === 'json') {
    const all = layers.map((layer) => layerJson(cli, layer, file))
    await cli.out.json(options.backingChain ? all : all[0])
  } else {
    await cli.out.write(layers.map((layer) => layerText(cli, layer, file)).join('\n'))
  }
  if (problem !== undefined) throw EngineError.fromData(problem)
}

async function inspect(cli: Cli, path: string, options: Options): Promise<ChainInfo> {
  if (options.backingChain) return await inspectChain(cli.host, path)
  return { layers: [await inspectImage(cli.host, path)] }
}
