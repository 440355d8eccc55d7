using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Microservices.Identity;

/// <summary>
/// One line of the audit log: who did what, for whom, from where. Each has the hash of what is before it, so that one that is changed or
/// taken out later is found (<see cref="AuditLog.VerifyAsync"/>). It never has a secret.
/// </summary>
internal sealed class AuditRecord
{
    /// <summary>The longest detail, in characters.</summary>
    public const int MaxDetail = 200;

    /// <summary>1, 2, 3 and so on, without a gap.</summary>
    public long Sequence { get; init; }

    /// <summary>When, to the microsecond.</summary>
    public DateTimeOffset Time { get; init; }

    /// <summary>What has happened: one of <see cref="AuditEvents"/>.</summary>
    public required string Event { get; init; }

    /// <summary>The user whom it is about; null where none is known.</summary>
    public string? Subject { get; init; }

    /// <summary>The client or operator who did it; null when the user did.</summary>
    public string? Actor { get; init; }

    /// <summary>Where from.</summary>
    public required string Address { get; init; }

    /// <summary>The trace, in hex.</summary>
    public required string TraceId { get; init; }

    /// <summary>What else is to be known, such as the session.</summary>
    public required string Detail { get; init; }

    /// <summary>SHA-256 of the hash before it and of all of this.</summary>
    public byte[] Hash { get; set; } = [];

    /// <summary>The hash, after that of the record before it; of the first, after nothing.</summary>
    public byte[] ComputeHash(byte[] previous)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(previous);
        Span<byte> numbers = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(numbers, Sequence);
        BinaryPrimitives.WriteInt64BigEndian(numbers[8..], Time.UtcTicks);
        hash.AppendData(numbers);
        foreach (var text in (string?[])[Event, Subject, Actor, Address, TraceId, Detail])
            Append(hash, text);
        return hash.GetHashAndReset();
    }

    // Each with its length, so that no two records have the same bytes.
    private static void Append(IncrementalHash hash, string? text)
    {
        var bytes = Encoding.UTF8.GetBytes(text ?? "");
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, text is null ? -1 : bytes.Length);
        hash.AppendData(length);
        hash.AppendData(bytes);
    }
}

/// <summary>The end of the audit log, the only row of its table: shows that the last record is there.</summary>
internal sealed class AuditHead
{
    /// <summary>The id of the only row.</summary>
    public const int OnlyId = 1;

    public int Id { get; init; } = OnlyId;

    /// <summary>The last record's number.</summary>
    public long Sequence { get; set; }

    /// <summary>The last record's hash.</summary>
    public byte[] Hash { get; set; } = [];
}
