namespace Microservices.Gateway.Overviews;

/// <summary>A part as its service sent it, with its etag. Callers share it: it must not be changed.</summary>
/// <param name="data">The part.</param>
/// <param name="etag">What the service compares to see whether the part has changed; 0 when it gave none.</param>
/// <param name="bytes">Its size as the service sent it.</param>
internal sealed class Answer<T>(T data, ulong etag, int bytes)
    where T : class
{
    public T Data { get; } = data;

    public ulong ETag { get; } = etag;

    public int Bytes { get; } = bytes;

    /// <summary>The part as JSON, once it has been needed: the next caller reuses it.</summary>
    public byte[]? Json { get; set; }
}
