namespace Microservices.Gateway.Overviews;

/// <summary>A part as its service gave it, and what stands for that state of it. Shared by all who asked: not to be changed.</summary>
/// <param name="data">The part.</param>
/// <param name="etag">Known again by this at the service; 0 when the service gave none.</param>
/// <param name="bytes">Its size as the service sent it.</param>
internal sealed class Answer<T>(T data, ulong etag, int bytes)
    where T : class
{
    public T Data { get; } = data;

    public ulong ETag { get; } = etag;

    public int Bytes { get; } = bytes;

    /// <summary>It as JSON, once somebody has made it: whoever asks next for what has not changed is spared that.</summary>
    public byte[]? Json { get; set; }
}
