/** What is inside of a disk. */
export const content = {
  content: {
    heading: 'In der Platte',
    hint: 'Wie es Partitionstabelle und Superblöcke sagen.',
    nothing: 'Weder Partitionstabelle noch Dateisystem darin ist bekannt.',
    unreadable: 'Solange ein Teil der Kette fehlt, lässt sich nicht hineinsehen.',
    table: { gpt: 'GPT', mbr: 'MBR' },
    partitions:
      '{table}, keine Partitionen | {table}, eine Partition | {table}, {count} Partitionen',
    whole: 'Ganze Platte',
    number: 'Partition {number}',
    used: '{used} von {size} belegt',
    place: 'ab {offset}',
    unknown: 'Nichts bekannt',
    problems: {
      'primary-damaged': 'Die GPT am Anfang ist beschädigt; ihre Kopie am Ende wurde gelesen.',
      'both-damaged': 'Die GPT ist an beiden Enden beschädigt.',
      'outside-of-disk': 'Eine Partition endet hinter dem Ende der Platte.',
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
