import type { SameKeys } from '../same-keys'
import type { jobs as english } from '../en/jobs'

export const jobs: SameKeys<typeof english> = {
  jobs: {
    title: 'Aufträge',
    running: 'Im Gange',
    waiting: 'Warten',
    ended: 'Beendet',
    empty: 'Noch keine Aufträge',
    emptyText: 'Alles, was mit Abbildern geschieht, steht hier, während es läuft und danach.',
    nothingRunning: 'Es läuft nichts.',
    clearEnded: 'Beendete entfernen',
    clearHint: 'Der Verlauf jedes Abbilds behält sie.',
    more: 'Noch einen zeigen | Noch {count} zeigen',
    clear: 'Aus der Liste nehmen',
    cancel: 'Abbrechen',
    cancelNamed: 'Abbrechen: {job}',
    pause: 'Anhalten',
    pauseNamed: 'Anhalten: {job}',
    resume: 'Fortsetzen',
    resumeNamed: 'Fortsetzen: {job}',
    pausedAt: 'Pause {percent}',
    pausedHint:
      'Solange wird nichts gelesen oder geschrieben. Die Dateien bleiben ihm vorbehalten.',
    errorDetails: 'Was schiefging …',
    again: 'Noch einmal …',
    goOn: 'Weitermachen',
    goOnNamed: 'Weitermachen: {job}',
    goOnHint: 'Macht dort weiter, wo es aufhörte, mit denselben Einstellungen.',
    show: 'Abbild zeigen',
    startedAt: 'Begonnen {time}',
    endedAt: '{time}, Dauer {duration}',
    endedAtOnly: '{time}',
    toTarget: 'nach {target}',
    withTarget: 'mit {target}',
    ontoTarget: 'auf {target}',
    ontoNothing: 'ohne Basis',
    progress: '{current} von {total}',
    copied: '{size} kopiert',
    noneEnded: 'Nichts zu entfernen',
  },
  jobKinds: {
    create: 'Neues Overlay {name}',
    resize: '{name}: Größe ändern',
    check: '{name} prüfen',
    flatten: '{name} verflachen',
    export: '{name} exportieren',
    'export-overlay': '{name} als qcow2 exportieren',
    'import-overlay': '{name} importieren',
    commit: '{name} in die Basis schreiben',
    rebase: '{name} auf andere Basis setzen',
    compare: '{name} vergleichen',
    measure: '{name} vermessen',
    move: '{name} verschieben',
  },
  jobFailed: {
    create: 'Das Overlay {name} konnte nicht angelegt werden',
    resize: 'Die Größe von {name} konnte nicht geändert werden',
    check: '{name} konnte nicht geprüft werden',
    flatten: '{name} konnte nicht verflacht werden',
    export: '{name} konnte nicht exportiert werden',
    'export-overlay': '{name} konnte nicht als qcow2 exportiert werden',
    'import-overlay': '{name} konnte nicht importiert werden',
    commit: '{name} konnte nicht in die Basis geschrieben werden',
    rebase: '{name} konnte nicht auf die andere Basis gesetzt werden',
    compare: '{name} konnte nicht verglichen werden',
    measure: '{name} konnte nicht vermessen werden',
    move: '{name} konnte nicht verschoben werden',
  },
  jobStatus: {
    queued: 'Wartet',
    running: 'Läuft',
    paused: 'Angehalten',
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
    flatten: 'Das Overlay ist unversehrt und benutzbar. Was kopiert ist, bleibt kopiert.',
    export: 'Die unfertige Zieldatei wurde entfernt. Das Abbild wurde nur gelesen.',
    'export-overlay': 'Die unfertige Zieldatei wurde entfernt. Das Abbild wurde nur gelesen.',
    'import-overlay': 'Das unfertige Overlay wurde entfernt. Das qcow2-Abbild wurde nur gelesen.',
    commit:
      'Das Overlay ist unversehrt und zeigt, was es zeigte. Weitermachen, bevor die Basis ' +
      'benutzt wird.',
    rebase: 'Das Overlay ist unversehrt und steht noch auf seiner alten Basis.',
    compare: 'Nichts wurde geändert.',
    measure: 'Nichts wurde geändert.',
    move: 'Das Overlay ist, wo es war. Was schon kopiert war, wurde entfernt.',
  },
  jobInterrupted: {
    create: 'Das Programm endete währenddessen. Im Ordner können unfertige Dateien liegen.',
    resize: 'Das Programm endete währenddessen. Das Abbild vor dem Benutzen prüfen.',
    check: 'Das Programm endete währenddessen.',
    flatten: 'Das Programm endete währenddessen. Das Overlay ist unversehrt und benutzbar.',
    export:
      'Das Programm endete währenddessen. Das Unfertige liegt noch als .part-Datei da; der ' +
      'nächste Export ' +
      'dorthin ersetzt sie.',
    'export-overlay':
      'Das Programm endete währenddessen. Das Unfertige liegt noch als .part-Datei da; der ' +
      'nächste Export ' +
      'dorthin ersetzt sie.',
    'import-overlay':
      'Das Programm endete währenddessen. Unfertige Dateien können im Ordner liegen.',
    commit:
      'Das Programm endete währenddessen. Das Overlay ist unversehrt, seine Basis hat einen ' +
      'Teil der ' +
      'Änderungen. Weitermachen, bevor die Basis benutzt wird.',
    rebase:
      'Das Programm endete währenddessen. Das Overlay ist unversehrt und steht auf seiner alten ' +
      'Basis.',
    compare: 'Das Programm endete währenddessen. Nichts wurde geändert.',
    measure: 'Das Programm endete währenddessen. Nichts wurde geändert.',
    move: 'Das Programm endete währenddessen. Im neuen Ordner können unfertige Kopien liegen.',
  },
  checkDone: {
    clean: 'Es wurde kein Fehler gefunden',
    leaks: 'Ein Leck wurde gefunden | {count} Lecks wurden gefunden',
    corruptions: 'Ein Schaden wurde gefunden | {count} Schäden wurden gefunden',
    notices: 'Ein Hinweis | {count} Hinweise',
    repaired: 'Eines wurde repariert | {count} wurden repariert',
  },
  flattenDone: 'Die Image-Datei allein ist jetzt die Platte.',
  overlayKept: 'Das Overlay ist weiter benutzbar wie zuvor.',
  plan: {
    title: 'Was geschehen wird',
    computing: 'Was geschehen wird, wird ermittelt …',
    nothing: 'Die Felder ausfüllen, um zu sehen, was geschehen wird.',
    actions: { create: 'Anlegen', write: 'Ändern', read: 'Lesen' },
    roles: {
      'add-cow': 'Overlay-Datei',
      image: 'Image-Datei',
      backing: 'Basis',
      target: 'neue Datei',
    },
    sizeFromTo: 'Virtuelle Größe: {before} → {after}',
    sizeNew: 'Virtuelle Größe: {after}',
    copy: 'Zu kopieren: bis zu {size}',
    copyNothing: 'Nichts zu kopieren',
    space: 'Platz: bis zu {needed} nötig, {free} frei',
    spaceFreeUnknown: 'Platz: bis zu {needed} nötig',
    spaceNone: 'Kein neuer Platz nötig',
    freed: 'Wird frei: bis zu {size}',
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
    'backing-looks-foreign':
      'Die Basis beginnt wie ein Abbild in anderem Format, wird aber als Raw-Platte gelesen.',
    'data-cut-off': 'Was hinter dem neuen Ende liegt, geht verloren.',
    'snapshots-left':
      'Seine internen Snapshots bleiben zurück: Das Overlay bekommt die Platte, wie sie jetzt ist.',
    'nothing-to-copy': 'Es gibt nichts zu kopieren: Alles ist schon an seinem Platz.',
  },
}
