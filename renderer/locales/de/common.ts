import type { SameKeys } from '../same-keys'
import type { common as english } from '../en/common'

export const common: SameKeys<typeof english> = {
  app: {
    name: 'add-cow Manager',
    starting: 'Die Liste der Abbilder wird gelesen …',
    startFailed: 'Das Fenster konnte nicht gefüllt werden',
    startAgain: 'Noch einmal versuchen',
  },
  words: {
    cancel: 'Abbrechen',
    close: 'Schließen',
    copy: 'Kopieren',
    copied: 'Kopiert',
    copyPath: 'Pfad kopieren',
    unknown: 'nicht bekannt',
    details: 'Einzelheiten',
    bytes: '{count} Bytes',
  },
  formats: {
    raw: 'raw',
    'add-cow': 'add-cow (Sektor-Bitmap)',
    acow: 'add-cow v20 (Cluster-Bitmap)',
    qcow2: 'qcow2',
    vmdk: 'VMDK (VMware)',
    vdi: 'VDI (VirtualBox)',
    vhdx: 'VHDX (Hyper-V)',
    vpc: 'VHD (Virtual PC)',
    qed: 'QED',
    parallels: 'Parallels',
    dmg: 'DMG (macOS)',
  },
  rail: {
    label: 'Seiten',
    images: 'Abbilder',
    jobs: 'Aufträge',
    settings: 'Optionen',
    exports: 'Exporte',
    jobsRunning: 'Aufträge, einer läuft | Aufträge, {count} laufen',
    exportsRunning: 'Exporte, einer läuft | Exporte, {count} laufen',
  },
  toolbar: {
    label: 'Abbild-Aktionen',
    newOverlay: 'Neues Overlay',
    add: 'Hinzufügen',
    addFiles: 'Dateien …',
    addFolder: 'Ordner …',
    importOverlay: 'qcow2-Overlay importieren …',
    check: 'Prüfen',
    resize: 'Größe',
    flatten: 'Verflachen',
    flattenInPlace: 'An Ort und Stelle …',
    export: 'In eine neue Raw-Datei …',
    exportOverlay: 'Als qcow2-Overlay …',
    search: 'Abbilder suchen',
    searchHint: 'Suchen',
    clearSearch: 'Suche leeren',
  },
  status: {
    label: 'Status',
    images: 'Keine Abbilder | Ein Abbild | {count} Abbilder',
    found:
      'Keines von {total} Abbildern | Eines von {total} Abbildern | {count} von {total} Abbildern',
    idle: 'Es läuft kein Auftrag',
    queued: 'einer wartet | {count} warten',
    openJobs: 'Aufträge zeigen',
    timeLeft: 'noch {time}',
    stalled: 'Seit {time} kein Fortschritt',
  },
  settings: {
    title: 'Optionen',
    appearance: 'Aussehen',
    theme: 'Farben',
    themes: { system: 'Wie das System', light: 'Hell', dark: 'Dunkel', contrast: 'Hoher Kontrast' },
    language: 'Sprache',
    languages: { system: 'Wie das System', en: 'English', de: 'Deutsch' },
    units: 'Größenangaben',
    unitNames: { binary: 'Binär (GiB)', decimal: 'Dezimal (GB)', bytes: 'Genaue Bytes' },
    unitsHint:
      'Wie sie angezeigt werden. Eine eingegebene Größe zählt in Potenzen von 1024, wie bei ' +
      'qemu-img: 20G sind 20 GiB.',
    jobs: 'Aufträge',
    verify: 'Nach dem Verflachen und Exportieren vergleichen',
    verifyHint: 'Liest alles noch einmal und vergleicht. Dauert etwa so lange wie das Kopieren.',
    notify: 'Sagen, wenn ein Auftrag zu Ende ist',
    notifyHint: 'Eine Benachrichtigung des Systems, während das Fenster nicht vorne ist.',
    simultaneous: 'Gleichzeitige Aufträge',
    simultaneousHint:
      'Mehr als einer hilft nur, wenn die Abbilder auf verschiedenen Platten liegen.',
    cache: 'Speicher für die Bitmap jedes Overlays',
    cacheSize: '{size} MiB',
    cacheHint:
      'Was von einer Bitmap nicht hineinpasst, wird bei Bedarf neu gelesen. 4 MiB fassen die von ' +
      '16 GiB Platte auf einmal; mehr hilft bei großen Platten, die überall beschrieben werden.',
    folders: 'Beobachtete Ordner',
    foldersHint:
      'Neue Abbilder in diesen Ordnern kommen von selbst in die Liste. Was aus der Liste ' +
      'genommen wird, bleibt draußen. Ordner darin werden nicht angesehen.',
    foldersNone: 'Kein Ordner wird beobachtet.',
    foldersAdd: 'Ordner hinzufügen …',
    foldersRemove: '{folder} nicht mehr beobachten',
    agreed: 'Erlaubte Namen',
    agreedHint:
      'Dateien und Adressen außerhalb ihres eigenen Ordners, die Abbilder öffnen dürfen. Ist ' +
      'eine zurückgenommen, fragen Abbilder, die sie nennen, wieder; laufende Aufträge und ' +
      'Exporte gehen weiter. Was selbst in der Liste steht, darf immer genannt werden.',
    agreedNone: 'Anderswo wurde nichts erlaubt.',
    agreedWithdraw: '{name} zurücknehmen',
    agreedMore: 'Eines mehr zeigen | {count} mehr zeigen',
    about: 'Über das Programm',
    electron: 'Electron',
    system: 'System',
    systems: { linux: 'Linux', darwin: 'macOS', win32: 'Windows', other: 'Anderes' },
    saveFailed: 'Die Optionen konnten nicht gespeichert werden',
  },
  drop: {
    title: 'Zum Hinzufügen ablegen',
    text: 'Overlays, Raw-Platten. Nichts wird kopiert oder geändert.',
  },
  notices: {
    label: 'Meldungen',
    added: 'Ein Abbild hinzugefügt | {count} Abbilder hinzugefügt',
    known: 'Eines war schon in der Liste | {count} waren schon in der Liste',
    nothingFound: 'Dort wurden keine Abbilder gefunden',
    offerOverlay: 'Neues Overlay darauf …',
    offerImport: 'Als Overlay importieren …',
    started: '{job}: begonnen',
    queued: '{job}: wartet, bis es an der Reihe ist',
    done: '{job}: fertig',
    forgotten: '{name} ist nicht mehr in der Liste. Die Dateien sind, wo sie waren.',
    forgottenMany:
      'Ein Abbild steht nicht mehr in der Liste. Seine Dateien sind, wo sie waren. | ' +
      '{count} Abbilder stehen nicht mehr in der Liste. Ihre Dateien sind, wo sie waren.',
    showJobs: 'Aufträge zeigen',
  },
}
