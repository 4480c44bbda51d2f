import type { SameKeys } from '../same-keys'
import type { compare as english } from '../en/compare'

export const compare: SameKeys<typeof english> = {
  compare: {
    title: '{name} vergleichen',
    intro:
      'Findet, wo sich zwei Platten verschieden lesen, mit allen ihren Schichten. ' +
      'Ändert nichts.',
    with: 'Vergleichen mit',
    choose: 'Abbild wählen',
    chooseFirst: 'Zuerst das andere Abbild wählen',
    submit: 'Vergleichen',
    another: 'Mit einem anderen Abbild vergleichen',
    earlier: 'Diese beiden wurden verglichen: {time}.',
    show: 'Unterschiede zeigen',
    cancelled: 'Der Vergleich wurde abgebrochen. Nichts wurde geändert.',
    backgroundHint:
      'Läuft weiter, wenn dieses Fenster geschlossen wird. Das Ergebnis steht bei den Aufträgen.',
    same: '{one} und {other} lesen sich gleich',
    differ: '{one} und {other} sind verschieden',
    first: 'Der erste Unterschied ist bei Byte {offset} ({place}).',
    amount:
      '{size} sind verschieden, in einem Bereich. | {size} sind verschieden, in {count} Bereichen.',
    amountMore:
      '{size} sind verschieden. Der erste Bereich ist hier aufgeführt. | ' +
      '{size} sind verschieden. Die ersten {count} Bereiche sind hier aufgeführt.',
    longer:
      '{name} ist um {size} länger. Was es mehr hat, gilt als verschieden, wo es nicht null ist.',
    longerZeros: '{name} ist um {size} länger, und die sind alle null.',
    stale: 'Eines von beiden hat sich seit dem Vergleich geändert.',
    ways: 'Ansichten der Unterschiede',
    way: { map: 'Karte', ranges: 'Bereiche', bytes: 'Bytes' },
    label: 'Wo {one} und {other} verschieden sind',
    previous: 'Vorheriger Unterschied',
    next: 'Nächster Unterschied',
    noneBefore: 'Vor dieser Stelle ist kein Unterschied',
    noneAfter: 'Hinter dieser Stelle ist kein Unterschied',
    legend: {
      label: 'Was die Farben bedeuten',
      differs: 'Verschieden ({share})',
      same: 'Gleich',
      beyond: 'Hinter dem Ende von {name}, Nullen',
      notListed: 'Verschieden an Stellen, die nicht aufgeführt sind',
    },
    where: 'Byte {offset} ({place}), Sektor {sector}',
    whereCell: 'Byte {offset} ({place}), Sektor {sector}, Feld von {size}',
    sameHere: 'In beiden gleich',
    beyondHere: 'Hinter dem Ende von {name}; das andere hat hier Nullen',
    notListedHere: 'Hinter dem letzten Bereich, der aufgeführt ist',
    rangeHere: 'Bereich {number} von {count}: {size} ab Byte {offset}',
    manyHere: '{count} Bereiche, {size} verschieden',
    number: 'Bereich',
    bytesOf: 'Bytes von Sektor {number} beider Abbilder',
    bytesDiffer:
      'Sektor {number}: in beiden gleich | Sektor {number}: ein Byte ist verschieden | ' +
      'Sektor {number}: {count} Bytes sind verschieden',
  },
  compareDone: {
    same: 'Beide lesen sich gleich',
    differ: '{size} verschieden, in einem Bereich | {size} verschieden, in {count} Bereichen',
    differMore: '{size} verschieden',
  },
}
