import type { SameKeys } from '../index'
import type { jobs as english } from '../en/jobs'

export const jobs: SameKeys<typeof english> = {
  jobs: {
    title: 'Aufträge',
    running: 'Laufen',
    waiting: 'Warten',
    ended: 'Beendet',
    empty: 'Noch keine Aufträge',
    emptyText:
      'Prüfen, Größe ändern, Verflachen und Exportieren stehen hier, während sie laufen ' +
      'und danach.',
    nothingRunning: 'Es läuft nichts.',
    clearEnded: 'Beendete wegnehmen',
    clear: 'Aus der Liste nehmen',
    cancel: 'Abbrechen',
    cancelNamed: 'Abbrechen: {job}',
    errorDetails: 'Was schiefging …',
    again: 'Noch einmal …',
    resume: 'Weitermachen …',
    show: 'Abbild zeigen',
    startedAt: 'Begonnen {time}',
    endedAt: '{time}, Dauer {duration}',
    endedAtOnly: '{time}',
    toTarget: 'nach {target}',
    progress: '{current} von {total}',
    copied: '{size} kopiert',
    noneEnded: 'Nichts wegzunehmen',
  },
  jobKinds: {
    create: 'Neues Overlay {name}',
    resize: '{name}: Größe ändern',
    check: '{name} prüfen',
    flatten: '{name} verflachen',
    export: '{name} exportieren',
  },
  jobFailed: {
    create: 'Das Overlay {name} konnte nicht angelegt werden',
    resize: 'Die Größe von {name} konnte nicht geändert werden',
    check: '{name} konnte nicht geprüft werden',
    flatten: '{name} konnte nicht verflacht werden',
    export: '{name} konnte nicht exportiert werden',
  },
  jobStatus: {
    queued: 'Wartet',
    running: 'Läuft',
    cancelling: 'Wird abgebrochen …',
    done: 'Fertig',
    failed: 'Fehlgeschlagen',
    cancelled: 'Abgebrochen',
    interrupted: 'Unterbrochen',
  },
  jobPhases: {
    preparing: 'Wird vorbereitet',
    copying: 'Kopieren',
    verifying: 'Vergleichen',
    checking: 'Prüfen',
  },
  jobLeft: {
    create: 'Es blieb nichts zurück: Angefangene Dateien wurden entfernt.',
    resize: 'Das Abbild hat seine alte oder seine neue Größe, keine dazwischen.',
    check: 'Nichts wurde geändert.',
    flatten:
      'Das Overlay ist heil und benutzbar. Noch einmal verflachen, und es geht weiter, wo ' +
      'es aufhörte.',
    export: 'Die unfertige Zieldatei wurde entfernt. Das Abbild wurde nur gelesen.',
  },
  jobInterrupted: {
    create: 'Das Programm endete dabei. Im Ordner können unfertige Dateien liegen.',
    resize: 'Das Programm endete dabei. Das Abbild vor dem Benutzen prüfen.',
    check: 'Das Programm endete dabei. Noch einmal prüfen.',
    flatten: 'Das Programm endete dabei. Das Overlay ist heil; zum Weitermachen neu verflachen.',
    export: 'Das Programm endete dabei. Eine unfertige Zieldatei kann übrig sein.',
  },
  checkDone: {
    clean: 'Es wurde nichts Falsches gefunden',
    leaks: 'Ein Leck wurde gefunden | {count} Lecks wurden gefunden',
    corruptions: 'Ein Schaden wurde gefunden | {count} Schäden wurden gefunden',
    notices: 'Ein Hinweis | {count} Hinweise',
    repaired: 'Eines wurde repariert | {count} wurden repariert',
  },
  flattenDone: 'Die Image-Datei allein ist jetzt die Platte. Das Overlay geht weiter wie zuvor.',
  plan: {
    title: 'Was geschehen wird',
    computing: 'Was geschehen wird, wird ermittelt …',
    nothing: 'Die Felder ausfüllen, um zu sehen, was geschehen wird.',
    actions: { create: 'Anlegen', write: 'Ändern', read: 'Lesen' },
    roles: {
      'add-cow': 'Overlay-Datei',
      image: 'Image-Datei',
      backing: 'Basis',
      target: 'neue Raw-Datei',
    },
    sizeFromTo: 'Virtuelle Größe: {before} → {after}',
    sizeNew: 'Virtuelle Größe: {after}',
    copy: 'Zu kopieren: bis zu {size}',
    copyNothing: 'Nichts zu kopieren',
    space: 'Platz: bis zu {needed} nötig, {free} frei',
    spaceFreeUnknown: 'Platz: bis zu {needed} nötig',
    spaceNone: 'Kein neuer Platz nötig',
    command: 'Dasselbe als Befehl',
    copyCommand: 'Befehl kopieren',
    notReady: 'Erst die Felder ausfüllen',
    working: 'Wird ermittelt …',
  },
  warnings: {
    'image-file-reused':
      'Die Image-Datei gibt es schon. Ihr jetziger Inhalt wird unsichtbar und nach und ' +
      'nach überschrieben.',
    'backing-probed-raw':
      'Die Basis gilt als Raw-Platte, da an ihrem Anfang kein bekanntes Format steht.',
    'data-cut-off': 'Was hinter dem neuen Ende liegt, geht verloren.',
    'nothing-to-copy': 'Es gibt nichts zu kopieren: Alles ist schon an seinem Platz.',
  },
}
