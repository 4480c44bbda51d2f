import type { SameKeys } from '../same-keys'
import type { exports as english } from '../en/exports'

export const exports: SameKeys<typeof english> = {
  exports: {
    title: 'Exporte',
    list: 'Exportierte Platten',
    start: 'Platte exportieren …',
    empty: 'Nichts wird exportiert',
    emptyText:
      'Ein Export stellt eine Platte über NBD bereit. QEMU, seine Werkzeuge und andere benutzen ' +
      'ein Overlay dann wie eine eigene Platte: zum Starten, zum Kopieren, zum Hineinsehen.',
    readOnly: 'Nur lesen',
    writable: 'Beschreibbar',
    stopping: 'Wird geschlossen …',
    failed: 'Beendet',
    address: 'Adresse',
    copyAddress: 'Adresse kopieren',
    clients: 'Clients',
    clientCount: 'keiner verbunden | einer verbunden | {count} verbunden',
    read: 'Gelesen',
    written: 'Geschrieben',
    size: 'Virtuelle Größe',
    since: 'Seit',
    snapshot: 'Schnappschuss …',
    grow: 'Vergrößern …',
    stop: 'Beenden',
    stopNamed: 'Den Export von {name} beenden',
    clear: 'Aus der Liste nehmen',
    commands: 'Befehlszeilen',
    copyCommand: 'Befehl für {program} kopieren',
    oldSize:
      'Ein Client richtet sich noch nach der Größe, die er erfahren hat. Die neue sieht er, wenn ' +
      'er sich neu verbindet. | {count} Clients richten sich noch nach der Größe, die sie ' +
      'erfahren ' +
      'haben. Die neue sehen sie, wenn sie sich neu verbinden.',
    crashed: 'Der Export von {name} ist von selbst zu Ende gegangen',
    crashedText:
      'Sonst hat nichts Schaden genommen. Was Clients gesichert hatten, ist in den Dateien; das ' +
      'Abbild vor dem nächsten Export prüfen.',
    failure: 'Die Platte konnte nicht tun, was ein Client verlangt hat',
    stopAsk: 'Den Export von {name} beenden?',
    stopAskText:
      'Ein Client ist verbunden und verliert die Platte. Virtuelle Maschinen zuerst ' +
      'herunterfahren. | {count} Clients sind verbunden und verlieren die Platte. Virtuelle ' +
      'Maschinen zuerst herunterfahren.',
    stopAskSafe: 'Alles, was der Export bestätigt hat, wird vorher in die Dateien geschrieben.',
    stopAnyway: 'Export beenden',
  },
  serve: {
    title: 'Eine Platte über NBD exportieren',
    intro:
      'Programme auf diesem Rechner benutzen die Platte über eine Adresse, solange der Export ' +
      'läuft.',
    image: 'Platte',
    access: 'Clients dürfen',
    readOnly: 'Nur lesen',
    writable: 'Lesen und schreiben',
    readOnlyHint:
      'Das Abbild bleibt, wie es ist. In QEMU lässt es sich trotzdem ausprobieren: alles ' +
      'Geschriebene wird verworfen.',
    writableHint:
      'Was Clients schreiben, kommt in dieses Abbild. Schnappschüsse sind dabei möglich.',
    onlyRead:
      'Dieses Format wird hier nur gelesen. Nur lesbar exportieren, oder ein Overlay darauf ' +
      'anlegen ' +
      'und dieses exportieren.',
    breaks:
      'Ein Abbild steht darauf und würde unbrauchbar: besser ein Overlay darauf anlegen und ' +
      'dieses ' +
      'exportieren. | {count} Abbilder stehen darauf und würden unbrauchbar: besser ein Overlay ' +
      'darauf anlegen und dieses exportieren.',
    place: 'Erreichbar über',
    socket: 'Unix-Socket',
    tcp: 'Port',
    socketHint:
      'In einem Ordner, den sonst niemand betreten kann. Auf diesem Rechner die beste Wahl.',
    tcpHint: 'Nur auf diesem Rechner (127.0.0.1): jeder seiner Benutzer kann sich verbinden.',
    port: 'Port',
    portHint: 'Leer: irgendein freier. Üblich ist 10809.',
    portWrong: 'Ein Port ist eine Zahl von 1 bis 65535',
    choose: 'Erst eine Platte wählen',
    working: 'Wird gestartet …',
    submit: 'Export starten',
  },
  servedSnapshot: {
    title: 'Schnappschuss von {name}',
    intro:
      'Ein neues Overlay kommt obenauf, während Clients weiterarbeiten. Was bisher geschrieben ' +
      'wurde, bleibt in {name}; was von jetzt an geschrieben wird, kommt in das neue.',
    name: 'Name',
    imageFileName: 'Image-Datei',
    submit: 'Schnappschuss machen',
    readOnly: 'Der Export ist nur zum Lesen',
    taken: '{name} liegt jetzt obenauf',
  },
  servedGrow: {
    title: '{name} vergrößern',
    intro:
      'Wer sich von jetzt an verbindet, sieht die neue Größe. Wer verbunden ist, richtet ' +
      'sich bis ' +
      'zur nächsten Verbindung nach der alten: NBD hat kein Wort dafür.',
  },
  servedFlatten: {
    title: 'Im Hintergrund verflachen',
    text:
      'Kopiert, was darunter liegt, in die Image-Datei, während Clients weiterarbeiten; sie ' +
      'haben ' +
      'Vorrang.',
    paces: { gentle: 'Sanft', normal: 'Normal', full: 'Voll' },
    paceHint:
      'Sanft: bis zu {gentle}. Normal: bis zu {normal}. Voll: so schnell, wie Clients Platz ' +
      'lassen.',
    start: 'Verflachen',
    goOn: 'Weitermachen',
    stop: 'Anhalten',
    progress: '{percent} von {size}',
    stopped: 'Angehalten. Was kopiert wurde, bleibt kopiert.',
    done: 'Alles ist kopiert: die Image-Datei allein liefert jetzt.',
    doneBelow: 'Alles ist kopiert: {name} braucht nichts mehr, was darunter liegt.',
    failed: 'Das Verflachen kam nicht zu seinem Ende',
    notOverlay: 'Es ist eine einfache Platte, kein Overlay',
  },
  qemu: {
    start: 'In QEMU starten',
    keep: 'Behalten, was geschrieben wird',
    throwAway: 'Ausprobieren: Geschriebenes verwerfen',
    missing: 'QEMU ist nicht installiert. Debian und Ubuntu: qemu-system-x86',
    readOnly: 'Der Export ist nur zum Lesen',
    running: 'Eine Maschine läuft | {count} Maschinen laufen',
    failed: 'QEMU endete mit einem Fehler',
  },
}
