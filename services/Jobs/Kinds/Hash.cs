using System.Security.Cryptography;
using Google.Protobuf;
using Microservices.Hosting.Errors;
using Microservices.Jobs.V1;

namespace Microservices.Jobs;

/// <summary>The digest of bytes or of a text, once or many times.</summary>
internal sealed class Hash : JobKind<HashInput, HashOutput>
{
    private const long MaxRounds = 10_000_000_000;
    private const int RoundsAtOnce = 10_000;

    protected override void Check(HashInput input, FieldViolations violations)
    {
        if (!Enum.IsDefined(input.Algorithm))
            violations.Add("input.algorithm", "must be one that there is, or unspecified for SHA256");
        if (input.Rounds is < 0 or > MaxRounds)
            violations.Add("input.rounds", $"must be 0 to {MaxRounds}");
    }

    protected override HashOutput Do(HashInput input, JobProgress progress, CancellationToken cancellationToken)
    {
        var name = input.Algorithm switch
        {
            V1.HashAlgorithm.Sha384 => HashAlgorithmName.SHA384,
            V1.HashAlgorithm.Sha512 => HashAlgorithmName.SHA512,
            V1.HashAlgorithm.Sha3256 when !SHA3_256.IsSupported => throw new JobFailedException("SHA3-256 is not there."),
            V1.HashAlgorithm.Sha3256 => HashAlgorithmName.SHA3_256,
            _ => HashAlgorithmName.SHA256,
        };
        var data = input.ContentCase == HashInput.ContentOneofCase.Text ? ByteString.CopyFromUtf8(input.Text).Span : input.Data.Span;
        var digest = CryptographicOperations.HashData(name, data);
        for (var done = 1L; done < input.Rounds; done++)
        {
            CryptographicOperations.HashData(name, digest, digest);
            if (done % RoundsAtOnce == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress.Report(done, input.Rounds);
            }
        }

        return new HashOutput { Digest = ByteString.CopyFrom(digest), Hex = Convert.ToHexStringLower(digest) };
    }
}
