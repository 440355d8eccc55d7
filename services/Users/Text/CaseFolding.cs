using System.Globalization;
using System.Text;

namespace Microservices.Users.Text;

/// <summary>
/// The form of text that is the same for all ways to write the same: NFD(toNFKC_Casefold(X)) of the Unicode Standard (3.13, D147 compares by it).
/// Upper and lower case, composed and decomposed, full and half width are one; characters that cannot be seen are left out. By a table of ours,
/// for the result is stored: it must be the same on every replica, whatever its system's ICU, and containers have none.
/// </summary>
internal static class CaseFolding
{
    private const int HangulFirst = 0xAC00;
    private const int HangulLast = 0xD7A3;
    private static readonly Rune Ypogegrammeni = new(0x345);
    private static readonly Rune Iota = new(0x3B9);
    private static readonly Tables Unicode = Tables.Read();

    /// <summary>
    /// Folds <paramref name="text"/>; null when it has a character that the table's version of Unicode does not know, and so a form that may
    /// change, or is not well-formed. Folding what was folded changes nothing.
    /// </summary>
    public static string? Fold(string text)
    {
        if (Ascii.IsValid(text))
            return text.ToLowerInvariant();

        var runes = new List<Rune>(text.Length);
        for (var i = 0; i < text.Length;)
        {
            if (!Rune.TryGetRuneAt(text, i, out var rune) || !Unicode.IsAssigned(rune))
                return null;
            Decompose(rune, runes);
            i += rune.Utf16SequenceLength;
        }

        Order(runes);
        var folded = new StringBuilder(runes.Count);
        foreach (var rune in runes)
            folded.Append((rune == Ypogegrammeni ? Iota : rune).ToString());
        return folded.ToString();
    }

    private static void Decompose(Rune rune, List<Rune> into)
    {
        if (rune.Value is >= HangulFirst and <= HangulLast)
        {
            var index = rune.Value - HangulFirst;
            into.Add(new Rune(0x1100 + index / 588));
            into.Add(new Rune(0x1161 + index % 588 / 28));
            if (index % 28 > 0)
                into.Add(new Rune(0x11A7 + index % 28));
        }
        else if (Unicode.Folded.TryGetValue(rune.Value, out var folded))
        {
            into.AddRange(folded.EnumerateRunes());
        }
        else
        {
            into.Add(rune);
        }
    }

    // Canonical ordering: marks on one base by their class, those of one class as they stand. An insertion sort is stable; runs are short, and
    // an address is.
    private static void Order(List<Rune> runes)
    {
        for (var i = 1; i < runes.Count; i++)
        {
            var rune = runes[i];
            var ccc = Unicode.Class(rune);
            var to = i;
            while (ccc > 0 && to > 0 && Unicode.Class(runes[to - 1]) > ccc)
                to--;
            if (to == i)
                continue;
            runes.RemoveAt(i);
            runes.Insert(to, rune);
        }
    }

    private sealed class Tables
    {
        private readonly List<(int First, int Last)> assigned = [];
        private readonly Dictionary<int, byte> classes = [];

        public Dictionary<int, string> Folded { get; } = [];

        public bool IsAssigned(Rune rune)
        {
            int low = 0, high = assigned.Count - 1;
            while (low <= high)
            {
                var middle = (low + high) / 2;
                if (rune.Value < assigned[middle].First)
                    high = middle - 1;
                else if (rune.Value > assigned[middle].Last)
                    low = middle + 1;
                else
                    return true;
            }

            return false;
        }

        public byte Class(Rune rune) => classes.GetValueOrDefault(rune.Value);

        public static Tables Read()
        {
            var tables = new Tables();
            using var reader = new StreamReader(typeof(CaseFolding).Assembly.GetManifestResourceStream("casefold.txt")!);
            while (reader.ReadLine() is { } line)
            {
                if (line[0] == '#')
                    continue;
                var fields = line[1..].Split(' ', '-');
                var isRange = line.Contains('-', StringComparison.Ordinal);
                var first = Hex(fields[0]);
                var last = isRange ? Hex(fields[1]) : first;
                var values = fields.AsSpan(isRange ? 2 : 1);
                if (line[0] == '+')
                    tables.assigned.Add((first, last));
                for (var rune = first; line[0] != '+' && rune <= last; rune++)
                {
                    if (line[0] == '=')
                        tables.classes[rune] = byte.Parse(values[0], CultureInfo.InvariantCulture);
                    else
                        tables.Folded[rune] = string.Concat(values.ToArray().Select(value => char.ConvertFromUtf32(Hex(value))));
                }
            }

            return tables;
        }

        private static int Hex(string text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
    }
}
