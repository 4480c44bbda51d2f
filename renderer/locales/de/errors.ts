import type { SameKeys } from '../same-keys'
import type { errors as english } from '../en/errors'

export const errors: SameKeys<typeof english> = {
  errors: {
    'invalid-argument': {
      title: 'Das passt nicht',
      why: 'Eine Angabe ist hier nicht möglich.',
      help: 'Die Angabe ändern, die unten genannt ist.',
    },
    'read-only': {
      title: 'Nur zum Lesen geöffnet',
      why: 'Auf {file} darf hier nicht geschrieben werden.',
      help: 'Die Rechte der Datei und ihres Ordners prüfen.',
    },
    'in-use': {
      title: 'In Benutzung',
      why: 'Auf {file} schreibt ein Auftrag oder ein anderes Programm.',
      help: 'Den Gast herunterfahren oder das Programm beenden, dann noch einmal versuchen.',
    },
    'not-supported': {
      title: 'Hier nicht möglich',
      why: 'Mit {file} ist das nicht möglich.',
      help: 'Die Einzelheiten sagen, was fehlt.',
    },
    'file/missing': {
      title: 'Datei nicht gefunden',
      why: '{file} ist nicht da.',
      help: 'Die Datei zurücklegen oder ihre Platte einbinden, dann noch einmal ansehen.',
    },
    'file/exists': {
      title: 'Die Datei gibt es schon',
      why: '{file} gibt es schon und wird nicht überschrieben.',
      help: 'Einen anderen Namen nehmen.',
    },
    'file/not-a-file': {
      title: 'Keine Datei',
      why: '{file} ist ein Ordner oder ein Gerät, keine gewöhnliche Datei.',
      help: 'Eine Datei auswählen.',
    },
    'file/changed': {
      title: 'Die Datei hat sich inzwischen geändert',
      why: '{file} wurde währenddessen von etwas anderem geändert.',
      help: 'Dafür sorgen, dass sonst nichts darauf schreibt, dann noch einmal versuchen.',
    },
    'format/unrecognized': {
      title: 'Kein Platten-Abbild',
      why: '{file} hat kein Format, das hier bekannt ist.',
      help: 'Nachsehen, ob es die richtige Datei ist und ob sie vollständig ist.',
    },
    'format/unsupported-version': {
      title: 'Unbekannte Fassung des Formats',
      why: '{file} hat eine Fassung des Formats, die sich hier nicht lesen lässt.',
      help: 'Mit dem Programm öffnen, das sie gemacht hat. Die Einzelheiten nennen die Fassung.',
    },
    'format/unsupported-feature': {
      title: 'Unbekannte Eigenschaft des Formats',
      why: '{file} nutzt eine Eigenschaft des Formats, die sich hier nicht lesen lässt.',
      help:
        'Mit dem Programm öffnen, das sie gemacht hat. Die Einzelheiten nennen die ' +
        'Eigenschaft.',
    },
    'format/corrupt': {
      title: 'Beschädigt',
      why: '{file} hat einen Anfang, der keinen Sinn ergibt.',
      help: 'Mit einer Kopie vergleichen, falls es eine gibt. Die Einzelheiten sagen mehr.',
    },
    'format/needs-program': {
      title: 'Ein Programm fehlt',
      why: '{file} wird mit Hilfe von QEMU gelesen, das hier nicht installiert ist.',
      help:
        'Die QEMU-Werkzeuge installieren (Debian, Ubuntu: qemu-utils), dann noch einmal ' +
        'ansehen.',
    },
    'chain/backing-missing': {
      title: 'Die Basis fehlt',
      why: '{file} ist nicht da, und das Overlay steht darauf.',
      help: 'Die Basis zurücklegen oder ihre Platte einbinden, dann noch einmal ansehen.',
    },
    'chain/data-missing': {
      title: 'Die Image-Datei fehlt',
      why: '{file} mit den Daten des Overlays ist nicht da.',
      help: 'Die Datei zurücklegen, dann noch einmal ansehen.',
    },
    'chain/loop': {
      title: 'Die Kette läuft im Kreis',
      why: '{file} steht über seine Basis auf sich selbst.',
      help: 'Einer der Namen in der Kette ist falsch. Der Überblick zeigt sie.',
    },
    'chain/same-file': {
      title: 'Zweimal dieselbe Datei',
      why: '{file} steht für zwei Dinge, die verschiedene Dateien sein müssen.',
      help: 'Eine andere Datei nehmen. Verknüpfungen auf dieselbe Datei zählen als diese Datei.',
    },
    'chain/too-deep': {
      title: 'Zu viele Schichten',
      why: 'Die Kette von {file} hat mehr Schichten, als sich öffnen lassen.',
      help: 'Eine Schicht weiter unten verflachen.',
    },
    'chain/base-differs': {
      title: 'Nicht dieselbe Basis',
      why: 'Die gewählte Basis von {file} enthält nicht, was die alte enthielt.',
      help:
        'Die Basis wählen, auf der das Overlay angelegt wurde, oder umhängen und dabei ' +
        'kopieren, was sich unterscheidet.',
    },
    'chain/breaks-others': {
      title: 'Andere Overlays brauchen es',
      why: 'Andere Overlays der Liste lesen, was {file} dabei verlöre.',
      help: 'Einen Weg wählen, der sie in Ruhe lässt, oder jedem einzelnen zustimmen.',
    },
    'chain/needs-consent': {
      title: 'Führt anderswohin',
      why:
        '{file} nennt etwas außerhalb des eigenen Ordners oder im Netz. Es wurde nicht ' +
        'geöffnet.',
      help:
        'Nur erlauben, wenn der Herkunft des Abbilds zu trauen ist. Die Zustimmung gilt ' +
        'weiter.',
    },
    'resize/needs-shrink': {
      title: 'Würde Daten abschneiden',
      why: 'Die neue Größe ist kleiner als die jetzige.',
      help: 'Zum Abschneiden „Daten abschneiden …“ nehmen.',
    },
    'verify/mismatch': {
      title: 'Die Kopie ist nicht gleich',
      why: 'Was noch einmal gelesen wurde, ist nicht, was geschrieben wurde.',
      help:
        'Die Kopie nicht benutzen. Die Platte prüfen, auf der sie liegt, dann noch einmal ' +
        'versuchen.',
    },
    'io/failed': {
      title: 'Lesen oder Schreiben schlug fehl',
      why: 'Das System meldet für {file} einen Fehler.',
      help: 'Die Platte und ihren Anschluss prüfen. Die Einzelheiten nennen die Meldung.',
    },
    'io/no-space': {
      title: 'Kein Platz mehr',
      why: 'Die Platte mit {file} hat zu wenig Platz.',
      help: 'Dort Platz schaffen, dann noch einmal versuchen.',
    },
    'io/denied': {
      title: 'Keine Berechtigung',
      why: '{file} darf nicht geöffnet werden.',
      help: 'Die Rechte der Datei und ihres Ordners prüfen.',
    },
    'nbd/unreachable': {
      title: 'Nicht erreichbar',
      why: 'Der NBD-Server von {file} antwortet nicht.',
      help:
        'Nachsehen, ob der Server läuft und das Netz dorthin führt, dann noch einmal ' +
        'versuchen.',
    },
    'nbd/refused': {
      title: 'Vom Server abgelehnt',
      why: 'Der NBD-Server von {file} gibt es nicht heraus.',
      help: 'Den Namen des Exports prüfen. Server, die TLS verlangen, werden nicht unterstützt.',
    },
    'nbd/malformed': {
      title: 'Unverständliche Antwort des Servers',
      why: 'Was für {file} antwortet, hält sich nicht an das NBD-Protokoll.',
      help: 'Die Adresse prüfen. Die Einzelheiten sagen, was falsch war.',
    },
    'job/cancelled': {
      title: 'Abgebrochen',
      why: 'Es wurde abgebrochen, bevor es fertig war.',
      help: 'Bei Bedarf noch einmal beginnen.',
    },
    internal: {
      title: 'Ein Fehler dieses Programms',
      why: 'Es geschah etwas, womit dieses Programm nicht gerechnet hat.',
      help: 'Bitte mit den Einzelheiten unten melden.',
    },
  },
  consent: {
    would: {
      network: 'Es würde sich verbinden mit',
      socket: 'Es würde sich mit diesem Socket verbinden',
      file: 'Es würde öffnen',
    },
    allow: 'Erlauben und öffnen',
  },
  spaceFigures: '{needed} nötig, {free} frei.',
  dataStates: {
    unchanged: 'Nichts wurde geändert.',
    resumable: 'Alle Daten sind unversehrt. Es kann dort weitergehen, wo es aufhörte.',
    uncertain: 'Die Datei ist vielleicht nicht in Ordnung. Vor dem Benutzen prüfen.',
  },
  failure: {
    file: 'Datei',
    copyDetails: 'Einzelheiten kopieren',
    retry: 'Noch einmal versuchen',
    thisFile: 'die Datei',
    commands: {
      serve: 'Die Platte konnte nicht exportiert werden',
      stopExport: 'Der Export konnte nicht beendet werden',
      takeSnapshot: 'Der Schnappschuss konnte nicht gemacht werden',
      flattenExport: 'Die exportierte Platte konnte nicht verflacht werden',
      growExport: 'Die Platte konnte nicht vergrößert werden',
      startQemu: 'QEMU konnte nicht gestartet werden',
      add: 'Die Dateien konnten nicht hinzugefügt werden',
      forget: 'Das Abbild konnte nicht aus der Liste genommen werden',
      treat: 'Die Lesart konnte nicht geändert werden',
      allow: 'Die Zustimmung konnte nicht gespeichert werden',
      agreed: 'Die erlaubten Namen konnten nicht gelesen werden',
      withdraw: 'Die Zustimmung konnte nicht zurückgenommen werden',
      rescan: 'Die Dateien konnten nicht noch einmal angesehen werden',
      showInFolder: 'Der Ordner konnte nicht gezeigt werden',
      folders: 'Die beobachteten Ordner konnten nicht gelesen oder geändert werden',
      sample: 'Die Beispiel-Platte konnte nicht angelegt werden',
      pick: 'Der Dialog konnte nicht geöffnet werden',
      start: 'Der Auftrag konnte nicht begonnen werden',
      cancel: 'Der Auftrag konnte nicht abgebrochen werden',
      trash: 'Die Datei konnte nicht in den Papierkorb gelegt werden',
      pause: 'Der Auftrag konnte nicht angehalten werden',
      resume: 'Der Auftrag konnte nicht fortgesetzt werden',
      goOn: 'Der Auftrag konnte nicht weitergeführt werden',
      clear: 'Die Aufträge konnten nicht aus der Liste genommen werden',
      copy: 'Der Text konnte nicht kopiert werden',
      licences: 'Die Lizenzen konnten nicht gezeigt werden',
      showLog: 'Die Protokolldatei konnte nicht gezeigt werden',
    },
  },
}
