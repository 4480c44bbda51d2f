/** Was in einem Datenträger ist. */
export const content = {
  content: {
    heading: 'Im Datenträger',
    hint: 'Wie es Partitionstabelle und Superblöcke sagen.',
    nothing: 'Keine Partitionstabelle und kein Dateisystem ist darin bekannt.',
    unreadable: 'Ohne ein Stück der Kette lässt sich nicht hineinsehen.',
    table: { gpt: 'GPT', mbr: 'MBR' },
    partitions:
      '{table}, keine Partitionen | {table}, eine Partition | {table}, {count} Partitionen',
    whole: 'Ganzer Datenträger',
    number: 'Partition {number}',
    used: '{used} von {size} belegt',
    place: 'ab {offset}',
    unknown: 'Nichts bekannt',
    problems: {
      'primary-damaged': 'Die GPT am Anfang ist beschädigt; ihre Kopie am Ende wurde gelesen.',
      'both-damaged': 'Die GPT ist an beiden Enden beschädigt.',
      'outside-of-disk': 'Eine Partition endet hinter dem Ende des Datenträgers.',
      'bad-chain': 'Die Liste der logischen Partitionen ist beschädigt: Es kann mehr geben.',
    },
    types: {
      ext2: 'ext2',
      ext3: 'ext3',
      ext4: 'ext4',
      xfs: 'XFS',
      btrfs: 'Btrfs',
      fat12: 'FAT12',
      fat16: 'FAT16',
      fat32: 'FAT32',
      exfat: 'exFAT',
      ntfs: 'NTFS',
      iso9660: 'ISO 9660',
      swap: 'Auslagerung (Swap)',
      lvm: 'LVM',
      luks: 'LUKS, verschlüsselt',
    },
  },
}
