import type { Texts } from './texts'

export const de: Texts = {
  menu: {
    file: '&Datei',
    newOverlay: 'Neues Overlay …',
    addFiles: 'Dateien hinzufügen …',
    addFolder: 'Ordner hinzufügen …',
    quit: 'Beenden',
    edit: '&Bearbeiten',
    undo: 'Rückgängig',
    redo: 'Wiederholen',
    cut: 'Ausschneiden',
    copy: 'Kopieren',
    paste: 'Einfügen',
    selectAll: 'Alles auswählen',
    search: 'Abbilder suchen',
    image: '&Abbild',
    check: 'Prüfen …',
    resize: 'Größe ändern …',
    flatten: 'An Ort und Stelle verflachen …',
    export: 'In eine neue Raw-Datei exportieren …',
    exportOverlay: 'Als qcow2-Overlay exportieren …',
    importOverlay: 'qcow2-Overlay importieren …',
    compare: 'Vergleichen …',
    serve: 'Über NBD exportieren …',
    commit: 'In die Basis schreiben …',
    rebase: 'Auf eine andere Basis setzen …',
    move: 'Verschieben oder kopieren …',
    showInFolder: 'Im Ordner zeigen',
    copyPath: 'Pfad kopieren',
    rescanImage: 'Noch einmal ansehen',
    forget: 'Aus der Liste nehmen',
    view: 'A&nsicht',
    images: 'Abbilder',
    jobs: 'Aufträge',
    exports: 'Exporte',
    rescan: 'Alle Abbilder noch einmal ansehen',
    settings: 'Optionen',
    resetZoom: 'Normale Größe',
    zoomIn: 'Größer',
    zoomOut: 'Kleiner',
    fullScreen: 'Vollbild',
    help: '&Hilfe',
    shortcuts: 'Tastenkürzel',
    showLog: 'Protokolldatei zeigen',
    about: 'Über add-cow Manager',
  },
  pick: {
    addFiles: 'Platten-Abbilder hinzufügen',
    addFolder: 'Platten-Abbilder eines Ordners hinzufügen',
    watchFolder: 'Ordner, dessen Abbilder in die Liste kommen',
    add: 'Hinzufügen',
    folder: 'Ordner für das neue Overlay',
    base: 'Basis des Overlays',
    choose: 'Wählen',
    exportTarget: 'In eine neue Raw-Datei exportieren',
    qcow2Target: 'Als neues qcow2-Overlay exportieren',
    images: 'Platten-Abbilder',
    rawFiles: 'Raw-Dateien',
    qcow2Files: 'qcow2-Abbilder',
    allFiles: 'Alle Dateien',
  },
  quit: {
    question: (jobs) =>
      jobs === 1 ? 'Ein Auftrag ist noch nicht beendet' : `${jobs} Aufträge sind nicht beendet`,
    detail:
      'Beim Beenden wird angehalten, was läuft. Daten gehen nicht verloren: Ein Verflachen ' +
      'behält, ' +
      'was es getan hat, und „Weitermachen“ nimmt es nach dem nächsten Start dort wieder ' +
      'auf; ein ' +
      'halb geschriebener Export wird entfernt.',
    stay: 'Weiterarbeiten',
    leave: 'Aufträge anhalten und beenden',
    exports: (count, clients) => {
      const disks = count === 1 ? 'Eine Platte wird' : `${count} Platten werden`
      if (clients === 0) return `${disks} exportiert, ohne verbundenen Client`
      const who = clients === 1 ? 'einem verbundenen Client' : `${clients} verbundenen Clients`
      return `${disks} exportiert, mit ${who}`
    },
    exportsDetail: (clients) =>
      clients === 0
        ? 'Das Beenden schließt den Export. Alles, was darauf geschrieben wurde, bleibt erhalten.'
        : 'Das Beenden nimmt die Platte denen weg, die sie benutzen, etwa einer virtuellen ' +
          'Maschine: diese zuerst herunterfahren. Alles, was der Export bestätigt hat, wird ' +
          'vorher in die Dateien geschrieben.',
    leaveAll: 'Schließen und beenden',
  },
  paused: 'Angehalten',
  trouble: {
    setAside: (path, kept) =>
      `${path} ist nicht verwendbar, die Anwendung startet ohne die Datei. Nichts wurde ` +
      `weggeworfen: Sie heißt jetzt ${kept}.`,
    notSaved: (path, reason) =>
      `${path} konnte nicht gespeichert werden: ${reason}. Bei der nächsten Änderung wird es ` +
      'erneut versucht.',
  },
  ended: {
    create: (name) => `${name} wurde angelegt`,
    resize: (name) => `Die Größe von ${name} wurde geändert`,
    check: (name) => `${name} wurde geprüft`,
    flatten: (name) => `${name} wurde verflacht`,
    export: (name) => `${name} wurde exportiert`,
    commit: (name) => `${name} wurde in die Basis geschrieben`,
    'export-overlay': (name) => `${name} wurde als qcow2-Overlay exportiert`,
    'import-overlay': (name) => `${name} wurde importiert`,
    measure: (name) => `${name} wurde vermessen`,
    move: (name) => `${name} wurde verschoben`,
    compare: (name) => `${name} wurde verglichen`,
    rebase: (name) => `${name} steht auf der neuen Basis`,
    failed: (name) => `Ein Auftrag für ${name} ist fehlgeschlagen`,
  },
}
